-- Pictures of chats and of the board.
ALTER TABLE files DROP CONSTRAINT files_kind_known;
ALTER TABLE files ADD CONSTRAINT files_kind_known CHECK (
    kind IN ('avatar', 'document', 'pickup_photo', 'chat_picture', 'post_picture')
);
