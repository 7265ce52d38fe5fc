// Generated from the description in docs/. Do not edit; `npm run generate` writes it.

export interface paths {
    "/api/auth/telegram": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Signs in with Telegram init data, in the body or as `Authorization: tma <init data>`. */
        post: operations["sign_in_with_telegram"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/auth/phone-login": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Sends a code to a phone, or says that the last one is good that came. The answer is the same whether or not the number is known. */
        post: operations["send_phone_code"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/auth/verify-otp": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Signs in with the code that came. Five wrong ones end a challenge; of anybody who names none, five end the code for them alone. Nobody's guesses spoil the code for anybody else. */
        post: operations["sign_in_with_phone_code"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/auth/refresh": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Exchanges a refresh token for new tokens. Each refresh token is good once. */
        post: operations["refresh_tokens"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/auth/logout": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Ends this session. */
        post: operations["sign_out"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/auth/logout-everywhere": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Ends every session of the caller, this one included. */
        post: operations["sign_out_everywhere"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/user/sessions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Where one is signed in. */
        get: operations["my_sessions"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/user/sessions/{session_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Ends one of one's own sessions. */
        delete: operations["end_session"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/user/account": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Deletes one's account: waiting packages and trips are called off, and in a week what names the person is gone. Until then signing in restores it. Where there is much to call off, it goes on after the answer, as `job` says. Refused while a deal is under way or money is left. */
        delete: operations["delete_account"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/user/profile": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Oneself. The `ETag` is the version. */
        get: operations["my_profile"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        /** Changes one's name or language. */
        patch: operations["change_profile"];
        trace?: never;
    };
    "/api/user/avatar": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Changes one's picture: a JPEG, PNG or WebP file of at most 5 MiB and 25 million pixels, as `multipart/form-data`. It is encoded anew, without anything that was in the file beside the picture. */
        post: operations["change_avatar"];
        /** Takes one's picture away. The one of Telegram does not come back by itself. */
        delete: operations["remove_avatar"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/avatars/initials/{picture}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The picture of somebody who has none: their initials. */
        get: operations["show_initials"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/avatars/{picture}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The picture of a person. */
        get: operations["show_avatar"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/user/documents": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One's own documents and where they stand. */
        get: operations["my_documents"];
        put?: never;
        /** Sends a document that shows who one is: a JPEG, PNG or WebP picture or a PDF file of at most 10 MiB, as `multipart/form-data`. A reviewer decides upon it. The same file again, while it waits, is the same document. */
        post: operations["send_document"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/user/documents/{document_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Takes back a document that nobody has decided upon. */
        delete: operations["withdraw_document"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/cities": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Places by the beginning of a name, or around a point; the largest of the first home country if nothing is asked. Names that are exactly what was asked come first, then those that begin like it, then those that differ by a slip; in each group those in the home countries come first. */
        get: operations["find_cities"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/packages": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Packages that one could carry and whose senders choose their courier: respond to those one would take (`POST /api/packages/{package_id}/responses`). What the engine offers by itself is not here. */
        get: operations["find_packages"];
        put?: never;
        /** Publishes a package; couriers whose trips suit it get offers at once in mode `instant`. */
        post: operations["publish_package"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/packages/dry-run": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Who would see a package if it were published now, and what 20 % more reward would change. Publishes nothing. */
        post: operations["dry_run"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/user/packages": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One's own packages with the couriers who take part. */
        get: operations["my_packages"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/packages/{package_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One of one's own packages with the couriers who take part. The `ETag` is its version. */
        get: operations["show_package"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/packages/{package_id}/cancel": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /** Calls one's own package off: before pickup, the money goes back. */
        put: operations["cancel_package"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/packages/{package_id}/cancellation": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What it would mean to call a package off now: for its sender, or for the courier who has it in the plan. */
        get: operations["package_cancellation"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/packages/{package_id}/explain": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Who was considered for one's own package, and why in or out, in words. Operators may ask about any package, and see scores. */
        get: operations["explain"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/packages/{package_id}/responses": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Who takes part in one's own package. */
        get: operations["package_responses"];
        put?: never;
        /** Offers to carry a package, for a price. */
        post: operations["respond_to_package"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/packages/{package_id}/select-courier": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Chooses a response: the deal is made, its money set aside, the others hear that the package is taken. */
        post: operations["select_courier"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/packages/{package_id}/send-to-courier": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Asks a courier to carry one's own package. */
        post: operations["send_to_courier"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/packages/{package_id}/tracking-link": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** A link by which anybody who has it can see where one's own package is, for 30 days, and the code of its delivery once the courier has it: for the person who receives it. */
        post: operations["make_tracking_link"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/tracking/{link}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Where a package is, for anybody who has the link. */
        get: operations["track_package"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/couriers": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Couriers whose trips pass both places in order, also those who only pass through. No sign-in needed. */
        get: operations["search_couriers"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/couriers/{courier_id}/send-package": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Asks a courier to carry a package. `courier_id` may be the courier's or the trip's id. */
        post: operations["send_package"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/trips": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Publishes a trip. */
        post: operations["publish_trip"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/user/trips": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One's own trips. */
        get: operations["my_trips"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/trips/{trip_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** A trip. The `ETag` is its version. */
        get: operations["show_trip"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/trips/{trip_id}/cancel": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /** Calls one's own trip off: open requests end, deals before pickup are called off, the money goes back. Where many requests wait, they end after the answer, as `job` says. */
        put: operations["cancel_trip"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/trips/{trip_id}/package-requests": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Who asks for room on one's own trip. What one has asked oneself, by a response to a package, is not in it. */
        get: operations["trip_requests"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/package-requests/{request_id}/accept": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /** Accepts a request: the first to accept gets the package. */
        put: operations["accept_request"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/package-requests/{request_id}/decline": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /** Declines a request. */
        put: operations["decline_request"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/package-requests/{request_id}/pickup": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /** The courier has taken the package. */
        put: operations["mark_picked_up"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/package-requests/{request_id}/mark-delivered": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /** The courier has handed the package over. Straight from `accepted` this implies the pickup. */
        put: operations["mark_delivered"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/package-requests/{request_id}/confirm-delivery": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /** The sender confirms the delivery: the courier is paid, less the platform's fee. */
        put: operations["confirm_delivery"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/package-requests/{request_id}/cancel": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /** Takes one's own open request back, or calls a deal off before pickup; the money goes back. */
        put: operations["cancel_request"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/package-requests/{request_id}/dispute": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /** The sender says that a package was not delivered as agreed or, after its deadline, that it was not delivered at all. The money is set aside until an operator decides. */
        put: operations["dispute_delivery"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/package-requests/{request_id}/codes": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The codes of a deal over one's own package, if it asks for codes. */
        get: operations["hand_over_codes"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/package-requests/{request_id}/pickup-photo": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The photograph of a package as the courier took it over, for both parties of the request. */
        get: operations["show_photo"];
        put?: never;
        /** Attaches a photograph of the package to a request, once, between the acceptance and the delivery; only its courier can. A JPEG, PNG or WebP file of at most 5 MiB, as `multipart/form-data`. It is kept for 90 days. */
        post: operations["attach_photo"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/package-requests/{request_id}/review": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Says what the other party of a confirmed deal was like, once. It is shown when both have spoken, or after 14 days. */
        post: operations["review_delivery"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/user/notifications": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What one should know. */
        get: operations["my_notifications"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/notifications/{notification_id}/read": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /** Notes that one was read. */
        put: operations["read_notification"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/notifications/mark-all-read": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /** Notes that all were read. */
        put: operations["read_all_notifications"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/subscriptions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One's standing questions. */
        get: operations["my_subscriptions"];
        put?: never;
        /** Asks to be told when a trip, or a package, appears on one's way: by `subscription.matched` on the socket, as a notification, and by the bot. Told at most once in half an hour. */
        post: operations["subscribe"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/subscriptions/{subscription_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Takes a standing question back. */
        delete: operations["unsubscribe"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/bot/notifications": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What one hears from the bot. */
        get: operations["bot_notifications"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/bot/notifications/initial": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Says whether the bot may write, when one is asked for the first time. */
        post: operations["let_bot_write"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/bot/notifications/toggle": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Turns the messages of the bot on or off. */
        post: operations["toggle_bot_notifications"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/bot/notifications/preference": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Turns one kind of notification on or off. */
        post: operations["set_bot_preference"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/bot/notifications/quiet-hours": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Says when one does not want to be disturbed. */
        post: operations["set_bot_quiet_hours"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/user/balance": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One's money and its movements. */
        get: operations["my_balance"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/user/withdraw": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Takes money out: at once out of the wallet, and by an operator's hand to its owner. Five withdrawals of one person wait at most, and so much goes out in a day. Where the money goes is kept encrypted, and shown with its last characters only. Another place than before is not paid to at once. */
        post: operations["withdraw_money"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/user/statement": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One's movements of roubles in a time, oldest first, with what there was before each of them and after the last: as CSV or as a spreadsheet. `balance` counts all of one's money, free and set aside. */
        get: operations["statement"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/money/terms": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** How the marketplace pays: ways to pay, fees, and what calling off means. */
        get: operations["money_terms"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/payments": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One's payments. */
        get: operations["my_payments"];
        put?: never;
        /** Pays money in: the answer says where, or whereto with which reference. What was paid is credited once its provider has confirmed it; `payment.updated` tells. */
        post: operations["pay_in"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/payments/{payment_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** A payment as it is now. A provider is not asked: that is done without being asked. */
        get: operations["show_payment"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/payments/webhook": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** An acquirer says what it knows of a payment. Signed as docs/money.md says; may come twice, late and in any order. */
        post: operations["payment_notice"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/auth/register": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Registers a phone: a code is sent to it. The name counts if the number is new; whether it is, the answer does not tell. */
        post: operations["register_phone"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/auth/request-code": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Sends a code to a phone. */
        post: operations["request_phone_code"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/auth/verify-code": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Signs in with the code that came. */
        post: operations["verify_phone_code"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/profile": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Oneself. */
        get: operations["my_talk_profile"];
        /** Changes one's name, username, or what one says about oneself. */
        put: operations["change_talk_profile"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/profile/avatar": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Changes one's picture: a JPEG, PNG or WebP file of at most 5 MiB, as `multipart/form-data`. */
        post: operations["change_talk_avatar"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/users/search": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Finds people by their names and usernames. */
        get: operations["find_people"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/chats": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One's chats, the one with the last word first. */
        get: operations["my_chats"];
        put?: never;
        /** The chat with somebody, opened if there is none. However often, and no matter which of the two asks: it is the same one. */
        post: operations["open_chat"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/chats/{chat_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** A chat of one's own. */
        get: operations["show_chat"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/chats/{chat_id}/messages": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Messages of a chat, oldest first: the last ones, or those before or after a message. */
        get: operations["chat_messages"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/messages": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Says something in a chat. `chat.send` on the socket is the same. */
        post: operations["send_message"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/chats/{chat_id}/read": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Notes how far one has read; the other one sees it. `chat.read` on the socket is the same. */
        post: operations["read_chat"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/chats/{chat_id}/typing": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Tells the other one that one writes. `chat.typing` on the socket is the same. */
        post: operations["typing_in_chat"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/chats/{chat_id}/pictures": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Sends a picture that a message is to show: a JPEG, PNG or WebP file of at most 5 MiB, as `multipart/form-data`. The message follows within an hour, and names it. */
        post: operations["send_chat_picture"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/chats/{chat_id}/pictures/{picture_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** A picture of a chat, for the two. */
        get: operations["show_chat_picture"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/chats/{chat_id}/block": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** From now on one wants no words of the other one, who is not told so. */
        post: operations["block_in_chat"];
        /** One wants words of the other one again. */
        delete: operations["unblock_in_chat"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/chats/{chat_id}/report": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Reports the other one of a chat. What was said by then is kept for the operators, whatever becomes of it. Another report while one waits is the same one. */
        post: operations["report_chat"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/posts": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Posts, newest first; all, those near a way, or one's own. With the `ETag` that was seen last in `If-None-Match`, 304 while nothing has changed. */
        get: operations["posts"];
        put?: never;
        /** Puts a post up. At most 20 of one person stand at a time. */
        post: operations["put_up_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/posts/{post_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** A post. One that was taken down is shown to its author alone. */
        get: operations["show_post"];
        put?: never;
        post?: never;
        /** Takes one's post away. */
        delete: operations["delete_post"];
        options?: never;
        head?: never;
        /** Changes what one's post says. */
        patch: operations["edit_post"];
        trace?: never;
    };
    "/api/posts/{post_id}/report": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Tells the operators that a post should not stand there, once. */
        post: operations["report_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/post-pictures": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Sends a picture that a post is to show: a JPEG, PNG or WebP file of at most 5 MiB, as `multipart/form-data`. */
        post: operations["send_post_picture"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/post-pictures/{picture_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The picture of a post that stands. */
        get: operations["show_post_picture"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/sync": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Where things stand, and from which event on to listen. For a device that was told `recovered: false`. */
        get: operations["sync"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/ws-ticket": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** A ticket that opens one socket within half a minute. */
        post: operations["make_socket_ticket"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/mobile/passengers/profile": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Oneself as a passenger: 404 for who has never ordered. */
        get: operations["my_passenger_profile"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/mobile/passengers/orders": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One's newest orders as a passenger. */
        get: operations["my_passenger_orders"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/mobile/passengers/active-order": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The newest order that is not over, with where its courier is. */
        get: operations["my_ride"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/mobile/orders/create": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Orders a ride for oneself, and looks for a courier at once, or 20 minutes before a stated time. Who orders for the first time becomes a passenger of the region of the pickup. */
        post: operations["order_ride"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/mobile/orders/quote": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** What a ride would cost. Nothing is ordered. */
        post: operations["quote_ride"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/mobile/orders/{order_id}/cancel": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Calls one's order off, and says what that costs. Couriers may call off the one that they have. */
        post: operations["cancel_ride"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/mobile/orders/{order_id}/status": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Where an order stands, for its passenger and the courier who has it or is asked. */
        get: operations["ride_status"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/mobile/orders/{order_id}/route": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The way of an order, for its passenger and the courier who has it or is asked. */
        get: operations["ride_route"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/mobile/drivers/profile": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Oneself as a courier. */
        get: operations["my_driver_profile"];
        /** Becomes a courier, or drives something else, or somewhere else. Vehicle and region count at once for somebody who is free, and else from the next time on duty on. Whom the desk has removed the desk has to take on again: 403. */
        put: operations["set_my_vehicle"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/mobile/drivers/location": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        /** Says where one is. It counts while one is on duty; out of range is 400. */
        patch: operations["send_my_location"];
        trace?: never;
    };
    "/api/mobile/drivers/online-status": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        /** Goes on duty, or off duty. */
        patch: operations["set_me_online"];
        trace?: never;
    };
    "/api/mobile/drivers/offers": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What one is asked about: one order at most. */
        get: operations["my_order_offers"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/mobile/drivers/offer/{offer_id}/accept": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Takes the order that one is asked about. */
        post: operations["accept_my_offer"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/mobile/drivers/offer/{offer_id}/decline": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Does not want the order that one is asked about. */
        post: operations["decline_my_offer"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/mobile/drivers/orders": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** One's newest orders as a courier. */
        get: operations["my_driver_orders"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/mobile/drivers/active-order": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The order that one has, and is not done with. */
        get: operations["my_driver_order"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/mobile/drivers/statistics": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What one has done as a courier. */
        get: operations["my_driver_statistics"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/orders": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Orders: all of them for operators, one's own for anybody else. */
        get: operations["town_orders"];
        put?: never;
        /** Places an order. The desk names whom it is for, and makes them a passenger on the way; anybody else orders for themselves, and a courier is looked for at once, or 20 minutes before a stated time. */
        post: operations["place_order"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/orders/{order_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** An order, for operators, its passenger, and the courier who has it or is asked. */
        get: operations["town_order"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        /** Changes what is wanted, while nobody has the order or is asked about it; it is quoted anew then. Its state does not change so. */
        patch: operations["change_order"];
        trace?: never;
    };
    "/api/orders/{order_id}/status": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        /** Takes an order one step of the table. The passenger may call it off, the courier who has it may take the steps of the ride, the desk all. A step that the table does not have is 400 with `current_status`, `requested_status`, `valid_transitions` and `order_id`; one that is somebody else's 403 with `current_user_role`, `order_status` and `requested_status`. */
        patch: operations["move_order"];
        trace?: never;
    };
    "/api/orders/{order_id}/events": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Every step that an order has taken, the first one first. */
        get: operations["order_events"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/orders/passenger/{passenger_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The newest orders of a passenger, for operators and the passenger. */
        get: operations["orders_of_passenger"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/orders/driver/{driver_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The newest orders of a courier, for operators and the courier. */
        get: operations["orders_of_driver"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/orders/{order_id}/calculate-price": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** What an order costs with what was driven. */
        post: operations["calculate_order_price"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/orders/{order_id}/calculate-quote": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Quotes an order anew, with what couriers are there by now, while nobody has it; afterwards the quote stays as it is. */
        post: operations["quote_order"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/orders/{order_id}/calculate-final": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** What an order has cost, or would cost with what was driven. */
        post: operations["calculate_final_price"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/orders/{order_id}/calculate-cancel-fee": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** What calling an order off would cost now. */
        post: operations["calculate_cancel_fee"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/orders/{order_id}/price-breakdown": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** How the quote or the final price of an order came about. Each keeps its own. */
        get: operations["order_price_breakdown"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/orders/geocode": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Looks an address up among the places that the server knows: towns, districts and airports. */
        post: operations["geocode_address"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/orders/clear-all": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Deletes every order and frees every courier: in development alone. */
        post: operations["clear_orders"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/drivers": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Couriers. */
        get: operations["drivers"];
        put?: never;
        /** Takes a courier on. Somebody with this phone who is known already becomes one. */
        post: operations["add_driver"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/drivers/{driver_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** A courier, for operators and the courier. */
        get: operations["driver"];
        put?: never;
        post?: never;
        /** A courier drives no more. Who has an order has to be done with it first. */
        delete: operations["remove_driver"];
        options?: never;
        head?: never;
        /** Changes a courier. Vehicle and region count at once for somebody who is free, and else from the next time that they go on duty. */
        patch: operations["change_driver"];
        trace?: never;
    };
    "/api/drivers/{driver_id}/location": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        /** Says where a courier is. It counts while they are on duty; out of range is 400. */
        patch: operations["locate_driver"];
        trace?: never;
    };
    "/api/drivers/{driver_id}/online-status": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        /** A courier goes on duty, or off duty. */
        patch: operations["set_driver_online"];
        trace?: never;
    };
    "/api/passengers": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Passengers. */
        get: operations["passengers"];
        put?: never;
        /** Takes a passenger in. Somebody with this phone who is known already becomes one. */
        post: operations["add_passenger"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/passengers/{passenger_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** A passenger, for operators and the passenger. */
        get: operations["passenger"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        /** Changes a passenger. Orders that were placed stay as they are. */
        patch: operations["change_passenger"];
        trace?: never;
    };
    "/api/regions": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Regions, by their names. */
        get: operations["regions"];
        put?: never;
        /** Adds a region. */
        post: operations["add_region"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/regions/{region_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** A region. */
        get: operations["region"];
        put?: never;
        post?: never;
        /** Removes a region in which nobody works or lives. */
        delete: operations["remove_region"];
        options?: never;
        head?: never;
        /** Changes a region. Orders that were placed keep the one that they have. */
        patch: operations["change_region"];
        trace?: never;
    };
    "/api/regions/{region_id}/stats": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** How much there is in a region. */
        get: operations["region_stats"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/regions/{region_id}/tariff": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What a region charges now. */
        get: operations["region_tariff"];
        put?: never;
        /** Adds a version of what a region charges: the present one with what is named here. Orders that were placed keep theirs. */
        post: operations["add_tariff"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/regions/cities": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Cities, by their names. */
        get: operations["town_cities"];
        put?: never;
        /** Adds a city. */
        post: operations["add_city"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/regions/cities/{city_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** A city. */
        get: operations["town_city"];
        put?: never;
        post?: never;
        /** Removes a city that has no region. */
        delete: operations["remove_city"];
        options?: never;
        head?: never;
        /** Changes a city. */
        patch: operations["change_city"];
        trace?: never;
    };
    "/api/regions/cities/{city_id}/stats": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** How much there is in a city. */
        get: operations["city_stats"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/auth/email-login": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Signs somebody of the desk in: the ordinary sign-in of operators, with its pauses and its second factor. */
        post: operations["sign_in_desk"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/auth/token/refresh": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Another access token for a refresh token, which stays good: the console keeps the one that it has. At `/api/auth/refresh` each is good once. */
        post: operations["refresh_console_token"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/dispatch/candidates/{order_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Who can take an order, the best first, and everybody else on duty with why not: the same filter by which couriers are asked. */
        get: operations["order_candidates"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/dispatch/candidates-scored/{order_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Who can take an order, by the scored rule, the lowest cost first. */
        get: operations["scored_order_candidates"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/dispatch/assign/{order_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Gives an order to a courier without asking: to the one who is named, who has to be on duty, free, and with seats enough, or to the best one. From wherever the desk may take it, the order goes to `active_queue` step by step first; the courier who had it is free again. What cannot be is 400 with `success`, `reason`, `rejection_reason` and `driver_status`. */
        post: operations["assign_order"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/dispatch/smart-assign/{order_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Asks the best courier at once, whatever the time of the pickup. Where nobody can take the order it is 400, and the search goes on by itself. */
        post: operations["offer_order"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/dispatch/auto-assign-all": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Gives every order that waits to the best courier who can take it, the oldest first. */
        post: operations["assign_all_orders"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/dispatch/offers/{order_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Every offer of an order, oldest first. */
        get: operations["order_offers"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/dispatch/offer/{offer_id}/accept": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Takes the order that was offered; the courier who is asked alone. */
        post: operations["accept_order_offer"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/dispatch/offer/{offer_id}/decline": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Does not want the order that was offered; the courier who is asked alone. Another one is looked for at once. */
        post: operations["decline_order_offer"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/dispatch/map-data": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Who and what is where: couriers on duty, and orders that are not over. */
        get: operations["dispatch_map"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/dispatch/route": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The way between two positions: the great circle times a factor, as long as no routing service is asked. */
        get: operations["dispatch_route"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/dispatch/driver-route/{driver_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The way of a courier to an order: to its pickup, and to its end once the ride has begun. */
        get: operations["driver_route"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/dispatch/order-route/{order_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The way of an order, from its pickup to its end. */
        get: operations["order_route"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/dispatch/eta/{driver_id}/{order_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** How soon a courier can be at the pickup of an order, or at its end once the ride has begun. */
        get: operations["dispatch_eta"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/dispatch/heatmap": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Where the orders of the last week came from. */
        get: operations["dispatch_heatmap"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/health": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** How the server is. */
        get: operations["health"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/health/live": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The process answers. */
        get: operations["health_live"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/health/ready": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Whether to send requests here. */
        get: operations["health_ready"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/websocket/health": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** How the sockets of the dispatch are, with what to do about what is not well. */
        get: operations["socket_health"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/auth/operator": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Signs an operator in. Wrong passwords of a login make everybody wait who tries it, except for devices that have signed in before. */
        post: operations["sign_in_operator"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/auth/operator-link": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Signs an operator in with a link from the server's shell, once: the last way in, which nobody's guesses bar. */
        post: operations["sign_in_operator_by_link"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/auth/first-admin": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Makes the first administrator, with the link that the server printed. It works once. */
        post: operations["make_first_admin"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/user/second-factor": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Begins to set up a second factor for an operator. What is answered is never shown again; until the first code was shown it protects nothing and can be begun anew. */
        post: operations["begin_second_factor"];
        /** Removes one's second factor, which has to be shown for it. Every session ends. */
        delete: operations["remove_second_factor"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/auth/second-factor": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Shows the second factor in this session, which has the operator's rights from then on. The first code confirms a new factor. */
        post: operations["show_second_factor"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/jobs/{job_id}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** How far a job has come that another call has named. Its id is the key: the caller may have no account any more. */
        get: operations["show_job"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/requests/stats": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The last hour of this node in a few numbers. */
        get: operations["request_stats"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/requests/endpoints": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The last hour of this node by route. */
        get: operations["request_endpoints"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/requests/chart": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The last hour of this node by minute. */
        get: operations["request_chart"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/operators": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Takes an operator on. */
        post: operations["add_operator"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/users/{user_id}/role": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /** Gives a person another role. Their sessions end. */
        put: operations["set_role"];
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/users/{user_id}/block": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Shuts a person out. Their sessions end, their trips and waiting packages are called off. */
        post: operations["block_user"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/users/{user_id}/unblock": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Lets a person in again. */
        post: operations["unblock_user"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/users/{user_id}/second-factor": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        post?: never;
        /** Takes an operator's second factor away, who has lost it and the recovery codes too. Their sessions end. */
        delete: operations["reset_second_factor"];
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/outbox": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Messages that wait, or did not go. */
        get: operations["outbox"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/outbox/{user_id}/{seq}/send-again": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Sends a message again that does not go by itself. It may come twice. */
        post: operations["send_message_again"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/bot/webhook": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Telegram tells what was said to the bot. Answered as soon as it is kept; the same update again is no other one. */
        post: operations["bot_update"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/bot/set-webhook": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Has Telegram send updates to this server. */
        post: operations["set_webhook"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/bot/webhook-info": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** What Telegram says of the webhook. */
        get: operations["webhook_info"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/bot/delete-webhook": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Has Telegram keep updates until they are asked for. */
        post: operations["delete_webhook"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/bot/test-send": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Sends a message to a Telegram account, to see whether the bot can. */
        post: operations["test_bot"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/documents": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Documents that wait for a decision. */
        get: operations["document_queue"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/documents/{document_id}/link": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** A link to look at a document, for the caller alone and for five minutes. */
        post: operations["document_link"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/documents/{document_id}/file/{link}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** A document, by a link that was made for the caller. A picture is shown, a PDF file is offered for saving. */
        get: operations["look_at_document"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/documents/{document_id}/approve": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Finds that a document shows who its owner is: from now on they are a verified person. */
        post: operations["approve_document"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/documents/{document_id}/decline": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Finds that a document does not show who its owner is, and tells them why. */
        post: operations["decline_document"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/disputes": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Disputes that wait for an operator. */
        get: operations["dispute_queue"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/disputes/{dispute_id}/resolve": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Ends a dispute: the courier is paid, the sender gets the money back, or each gets a part. It also ends a delivery that the sender says nothing to, and a deal that leads to no delivery, before the pickup or after it; of that one only the sender can be in the right, and the package looks for no other courier. */
        post: operations["resolve_dispute"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/chat-reports": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Reports about people in chats that wait for a decision, each with its evidence. */
        get: operations["chat_report_queue"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/chat-reports/{report_id}/decide": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Decides upon a report. The first decision counts; the same one again changes nothing. */
        post: operations["decide_chat_report"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/posts": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Posts to which somebody objects. */
        get: operations["post_report_queue"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/posts/{post_id}/hide": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Takes a post down; its author sees why. What was said against it is settled. */
        post: operations["hide_post"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/posts/{post_id}/show": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Lets a post stand, or puts it up again. What was said against it is settled. */
        post: operations["let_post_stand"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/withdrawals": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Withdrawals that wait for an operator. */
        get: operations["withdrawal_queue"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/withdrawals/{withdrawal_id}/details": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Where a withdrawal goes, all of it. That somebody has looked is noted in the log. */
        get: operations["withdrawal_details"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/withdrawals/{withdrawal_id}/pay": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** The money was sent. A large withdrawal needs two operators: the first agrees, the second sends. Refused while the stored data are not in order: they are looked at now if nobody has looked within the last hour. */
        post: operations["pay_withdrawal"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/withdrawals/{withdrawal_id}/reject": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** The money goes back into the wallet. */
        post: operations["reject_withdrawal"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/payments": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Payments that have no money yet: those to look for in a statement of the bank. */
        get: operations["awaited_payments"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/payments/{payment_id}/book": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Books a transfer that has come: it is credited to the payer's wallet, whatever the amount. */
        post: operations["book_payment"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/payments/{payment_id}/refund": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Gives money of a payment back to where it came from. What an acquirer is asked for stays `asked` until it says what became of it. */
        post: operations["refund_payment"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/payments/{payment_id}/charge-back": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** A bank has taken a transfer back. The platform has lost it, and takes it from the payer as far as there is something. */
        post: operations["charge_back_payment"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/ledger": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** The books of a payment, of a package with its deals, or of a person. */
        get: operations["ledger"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/admin/reconciliations": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** How the books agreed with the lists of providers when that was last looked at. */
        get: operations["reconciliations"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        /** @description It is so now. */
        AccountChanged: {
            job?: components["schemas"]["JobView"] | null;
            success: boolean;
        };
        /** @description The account is going. */
        AccountDeleted: {
            job?: components["schemas"]["JobView"] | null;
            /** @description Until then signing in again restores it. */
            restorable_until: string;
            success: boolean;
        };
        /** @description The order that the caller has. */
        ActiveOrder: {
            order?: components["schemas"]["OrderView"] | null;
        };
        /** @description The order that one waits for, with its courier. */
        ActiveRide: {
            driver_position?: components["schemas"]["DriverPosition"] | null;
            eta?: components["schemas"]["DriverEta"] | null;
            order?: components["schemas"]["OrderView"] | null;
        };
        /** @description Whom to ask. */
        AskCourier: {
            /** @description The courier or one of their trips. */
            courier_id: string;
            /** @description Words to the courier. */
            message?: string | null;
        };
        /** @description Whom an order is given to. */
        AssignOrder: {
            /**
             * Format: int64
             * @description The courier's number; the best one if absent.
             */
            driver_id?: number | null;
            /** @description Why, for people. */
            reason?: string | null;
        };
        /** @description An order with its courier. */
        AssignedOrder: {
            driver?: components["schemas"]["OrderDriver"] | null;
            id: string;
            status: components["schemas"]["OrderState"];
        };
        /** @description An order was given to somebody. */
        Assignment: {
            /** Format: int64 */
            driver_id: number;
            order: components["schemas"]["AssignedOrder"];
            /** @description Why this courier. */
            reason: string;
            success: boolean;
        };
        /** @description What became of every order that waited. */
        AutoAssignment: {
            /** Format: int32 */
            assigned: number;
            /** Format: int32 */
            failed: number;
            failed_orders: components["schemas"]["FailedOrder"][];
            message: string;
            success: boolean;
            /**
             * Format: int32
             * @description Both together.
             */
            total: number;
        };
        /** @description One's picture now. */
        AvatarSet: {
            /** @description The URL of the picture: of one's initials, if there is no other. */
            avatar: string;
            success: boolean;
        };
        /** @description Changes of a courier's balance, roubles. */
        BalanceUpdate: {
            /**
             * Format: double
             * @description Free money.
             */
            available?: number | null;
            /**
             * Format: double
             * @description The escrow of deals.
             */
            frozen?: number | null;
            /**
             * Format: double
             * @description Delivered, not confirmed.
             */
            pending?: number | null;
        };
        /** @description What a person has, roubles. */
        BalanceView: {
            /**
             * Format: double
             * @description Free to spend and to take out.
             */
            available: number;
            /**
             * Format: double
             * @description The escrow of deals accepted as a courier.
             */
            frozen: number;
            /**
             * Format: double
             * @description Delivered and not yet confirmed, or disputed.
             */
            pending: number;
            /**
             * Format: double
             * @description Paid for packages that wait for a courier.
             */
            reserved: number;
            /**
             * Format: double
             * @description All of it.
             */
            total: number;
        };
        /** @description A transfer that has come. */
        BookPayment: {
            /**
             * Format: double
             * @description How much has come, in the currency of the payment.
             */
            amount: number;
            /** @description What the bank calls the transfer: it counts once. */
            charge_id: string;
            /** @description Where that can be seen: a line of a statement. */
            evidence: string;
        };
        /** @description What one hears from the bot. */
        BotNotifications: {
            /** @description Whether it could: there is a bot, one has come with Telegram, and has not blocked it. */
            available: boolean;
            /**
             * Format: int32
             * @description Messages in an hour; more are told together.
             */
            messagesPerHour: number;
            /** @description Whether one was asked already; a client asks once. */
            notificationsAsked: boolean;
            /** @description Whether the bot may write. */
            notificationsEnabled: boolean;
            quietHours?: components["schemas"]["QuietHours"] | null;
        } & {
            [key: string]: boolean;
        };
        /** @description The answer to the question whether the bot may write. */
        BotPermission: {
            granted: boolean;
        };
        /** @description Whether one wants to hear of something. */
        BotPreference: {
            enabled: boolean;
            /** @description A kind of notification. */
            eventType: components["schemas"]["NotificationType"];
        };
        /** @description When one does not want to be disturbed from now on. */
        BotQuietHours: {
            quietHours?: components["schemas"]["QuietHours"] | null;
        };
        /** @description Whether the bot may write. */
        BotToggle: {
            enabled: boolean;
        };
        /** @description What calling off would cost. */
        CancelFeeView: {
            /** Format: double */
            fee: number;
            /** @description Which rule it is by. */
            policy: components["schemas"]["CancelPolicy"];
            /** @description In words. */
            reason: string;
        };
        /**
         * @description The rules of calling off.
         * @enum {string}
         */
        CancelPolicy: "not_by_passenger" | "before_assignment" | "just_assigned" | "assigned" | "under_way";
        /** @description Why an order is called off. */
        CancelRide: {
            reason?: string | null;
        };
        /** @description What calling off means at one stage, for one person. */
        CancellationRule: {
            by: components["schemas"]["CancelledBy"];
            /** @description Whether the package looks for another courier then. */
            looks_on: boolean;
            /** @description Whether it can be called off at all. */
            possible: boolean;
            /**
             * Format: int32
             * @description How much of what was paid here comes back to the sender, percent.
             */
            refund_percent: number;
            stage: components["schemas"]["CancellationStage"];
            text_en: string;
            text_ru: string;
        };
        /**
         * @description How far a package has come.
         * @enum {string}
         */
        CancellationStage: "before_acceptance" | "after_acceptance" | "after_pickup";
        /** @description What it would mean to call a package off now. */
        CancellationView: {
            /** @description Who asks. */
            by: components["schemas"]["CancelledBy"];
            currency: components["schemas"]["Currency"];
            /** @description Whether the package would look for another courier then. */
            looks_on: boolean;
            /** @description Whether it can be called off at all. */
            possible: boolean;
            /**
             * Format: double
             * @description What the sender would get back, in the currency.
             */
            refund: number;
            stage: components["schemas"]["CancellationStage"];
            text_en: string;
            text_ru: string;
        };
        /**
         * @description Who calls off.
         * @enum {string}
         */
        CancelledBy: "sender" | "courier" | "operator";
        /**
         * @description Who calls an order off.
         * @enum {string}
         */
        Canceller: "passenger" | "driver" | "staff";
        /** @description A place that may have been meant. Ask again with its `place_id`. */
        Candidate: {
            /** @description ISO 3166 code. */
            country: string;
            /** @description The field that it was named in. */
            field: string;
            /**
             * Format: double
             * @description Degrees north.
             */
            lat: number;
            /**
             * Format: double
             * @description Degrees east.
             */
            lon: number;
            /** @description Its English name. */
            name_en: string;
            /** @description Its Russian name. */
            name_ru: string;
            /** @description The gazetteer's id. */
            place_id: string;
            /** @description The Russian name of the region it lies in, if that is known. */
            region?: string | null;
            /** @description The English name of the region. */
            region_en?: string | null;
        };
        /** @description What a courier costs an order: the parts, each times its weight. */
        CandidateCost: {
            /**
             * Format: double
             * @description The share of orders called off.
             */
            cancel: number;
            /**
             * Format: double
             * @description The empty way.
             */
            deadhead: number;
            /**
             * Format: double
             * @description The time to the pickup.
             */
            eta: number;
            /**
             * Format: double
             * @description Orders above the median.
             */
            fairness: number;
            /**
             * Format: double
             * @description A low rating.
             */
            quality: number;
            /**
             * Format: double
             * @description The chance of no.
             */
            reject: number;
            /**
             * Format: double
             * @description Standing outside of the region.
             */
            zone: number;
        };
        /** @description Why a courier is where they are in the list. */
        CandidatePriority: {
            /**
             * Format: double
             * @description How far they are from the pickup, kilometres of road.
             */
            distance: number;
            /**
             * Format: int32
             * @description How many orders they have had today.
             */
            order_count: number;
            /** @description Whether the courier works in the region of the order. */
            region_match: boolean;
        };
        /** @description Somebody who can take an order. */
        CandidateView: {
            /** Format: int32 */
            capacity: number;
            car_model: string;
            /** Format: int64 */
            driver_id: number;
            is_online: boolean;
            name: string;
            priority: components["schemas"]["CandidatePriority"];
            region_id: string;
        };
        /**
         * @description What a trip can carry, in the words of the Mini App.
         * @enum {string}
         */
        CapacityClass: "small" | "medium" | "large" | "xl";
        /** @description Money that a bank has taken back. */
        ChargeBackPayment: {
            /** @description Which charge. */
            charge_id: string;
        };
        /** @description A chat. */
        Chat: {
            /** @description Whether one wants no words of the other one. */
            blocked: boolean;
            created_at: string;
            id: string;
            last_message?: components["schemas"]["ChatMessage"] | null;
            /**
             * Format: int64
             * @description The number of the last message that the other one has read.
             */
            other_read_up_to: number;
            /**
             * Format: int64
             * @description The number of the last message that one has read.
             */
            read_up_to: number;
            /**
             * Format: int64
             * @description The number of the last message; 0 without any.
             */
            top: number;
            /**
             * Format: int64
             * @description How many messages one has not read.
             */
            unread: number;
            /** @description When something was said last. */
            updated_at: string;
            /** @description One of the two. */
            user1: components["schemas"]["TalkUser"];
            /** @description The other one. */
            user2: components["schemas"]["TalkUser"];
        };
        /** @description A message. */
        ChatMessage: {
            chat_id: string;
            /** @description What one's own device has called it. */
            client_msg_id?: string | null;
            /** @description What was said, with `•••` in place of what is kept back from one. */
            content: string;
            created_at: string;
            id: string;
            /** @description Whether the other one, or oneself, has read it. */
            is_read: boolean;
            /** @description What is kept back from its reader until there is a deal. */
            masked: components["schemas"]["Contact"][];
            /** @description The same in words, if there is something to be said. */
            notice?: string | null;
            /** @description The path of the picture beside it, for the two. */
            picture_url?: string | null;
            sender: components["schemas"]["TalkUser"];
            sender_id: string;
            /**
             * Format: int64
             * @description Its number in the chat: the order of the messages, the same for both.
             */
            seq: number;
            /** @description What its reader should think of. */
            warnings: components["schemas"]["ChatWarning"][];
        };
        /** @description It is noted. */
        ChatNoted: {
            success: boolean;
        };
        /** @description Names a picture. */
        ChatPictureId: {
            picture_id: string;
        };
        /** @description A picture is there, and waits an hour for its message. */
        ChatPictureKept: {
            data: components["schemas"]["ChatPictureId"];
            success: boolean;
        };
        /** @description Reports that wait. */
        ChatReportQueue: {
            /** @description Where the next page starts. */
            next_cursor?: string | null;
            /** @description Oldest first, at most 50. */
            reports: components["schemas"]["ChatReportView"][];
        };
        /** @description A report about somebody in a chat. */
        ChatReportView: {
            accused_id: string;
            chat_id: string;
            created_at: string;
            /** @description What was said by then, oldest first, as it was written. */
            evidence: components["schemas"]["EvidenceView"][];
            id: string;
            /** @description The message that it is about, if it is about one. */
            message_id?: string | null;
            reason: string;
            reporter_id: string;
        };
        /** @description It waits for an operator. */
        ChatReported: {
            data: components["schemas"]["ReportName"];
            success: boolean;
        };
        /** @description A chat. */
        ChatShown: {
            data: components["schemas"]["Chat"];
            success: boolean;
        };
        /**
         * @description What the reader of a message should think of.
         * @enum {string}
         */
        ChatWarning: "link" | "pays_elsewhere";
        /** @description One's chats. */
        Chats: {
            /** @description At most 100, the one with the last word first. */
            data: components["schemas"]["Chat"][];
            /** @description Where the next page starts. */
            next_cursor?: string | null;
            success: boolean;
            /**
             * Format: int64
             * @description How many messages one has not read, in all chats.
             */
            unread: number;
        };
        /** @description Places. */
        Cities: {
            /** @description Their names. */
            cities: string[];
            /** @description The same with more about them. */
            places: components["schemas"]["City"][];
        };
        /** @description A place. */
        City: {
            /** @description The id of the city that it is a district or an airport of. */
            city?: string | null;
            /** @description ISO 3166 code. */
            country: string;
            country_en: string;
            country_ru: string;
            /** @description The gazetteer's id. */
            id: string;
            /** @description What it is. */
            kind: components["schemas"]["CityKind"];
            /** Format: double */
            lat: number;
            /** Format: double */
            lon: number;
            name_en: string;
            name_ru: string;
            /** @description The region it lies in, in the reader's language (`Accept-Language`); absent where that is not known. */
            region?: string | null;
            region_en?: string | null;
            region_ru?: string | null;
            /** @description IANA time zone. */
            tz: string;
        };
        /** @description A city, or what is changed of one. */
        CityInput: {
            /** Format: double */
            center_lat?: number | null;
            /** Format: double */
            center_lon?: number | null;
            title?: string | null;
        };
        /**
         * @description What a place is.
         * @enum {string}
         */
        CityKind: "town" | "small" | "airport";
        /** @description How much there is in a city. */
        CityStats: {
            /** Format: int64 */
            active_orders: number;
            city_id: string;
            city_title: string;
            /** Format: int64 */
            drivers: number;
            /** Format: int64 */
            passengers: number;
            regions: components["schemas"]["RegionView"][];
            /** @description How many regions it has. */
            regions_count: number;
            /** Format: int64 */
            total_orders: number;
        };
        /** @description A city. */
        CityView: {
            center: components["schemas"]["GeoPoint"];
            /** Format: double */
            center_lat: number;
            /** Format: double */
            center_lon: number;
            id: string;
            title: string;
        };
        /** @description Whether to delete every order. */
        ClearOrders: {
            /** @description Must be true. */
            confirm?: boolean;
        };
        /** @description The clock of the machine. */
        ClockHealth: {
            /**
             * Format: int64
             * @description How many milliseconds it was set forward while the server runs, or back if that is negative. 0 unless it was.
             */
            jumped_ms: number;
            /**
             * Format: int64
             * @description How many milliseconds it is ahead of the database's, or behind if that is negative. The server corrects it. Null for the embedded store.
             */
            skew_ms?: number | null;
            /** @description `ok`; `far` from the database's, further than a server may start with; or `jumped`: somebody has set it while the server runs, which goes on counting from where it was. */
            status: components["schemas"]["ClockStatus"];
        };
        /**
         * @description How the clock of the machine is.
         * @enum {string}
         */
        ClockStatus: "ok" | "far" | "jumped";
        /** @description A code is on its way, or there already. */
        CodeRequested: {
            success: boolean;
        };
        /** @description A code is on its way, or there already. */
        CodeSent: {
            /** @description Names what was asked for. Sent back with the code, nobody else's guesses count. */
            challenge_id: string;
            /**
             * Format: int32
             * @description How many digits the code has: six; eight or ten while strangers guess at the phone.
             */
            digits: number;
            /** @description Until when the code is good. */
            expires_at: string;
            message: string;
            /** @description Whether a code is on its way. Otherwise one has reached the phone a moment ago, asked for by somebody else perhaps: the last one that came is good. */
            sent: boolean;
        };
        /** @description Another access token. */
        ConsoleAccess: {
            access: string;
        };
        /** @description A refresh token of the console. */
        ConsoleRefresh: {
            /** @description As it was handed out. */
            refresh: string;
        };
        /**
         * @description A way to reach somebody, or their money, past the marketplace.
         * @enum {string}
         */
        Contact: "phone" | "card" | "link" | "name";
        /** @description A courier was asked. */
        CourierAsked: {
            request_id: string;
            success: boolean;
        };
        /** @description How to reach a person. */
        CourierContact: {
            /** @description Empty if unknown. */
            telegram_link: string;
            /** @description Without `@`; empty if unknown. */
            telegram_username: string;
        };
        /**
         * @description What comes first.
         * @enum {string}
         */
        CourierOrder: "time" | "price" | "rating" | "detour";
        /** @description A courier was chosen. */
        CourierSelected: {
            courier_contact: components["schemas"]["CourierContact"];
            escrow_info: components["schemas"]["EscrowInfo"];
            success: boolean;
        };
        /** @description A trip with its courier's profile folded in. */
        CourierView: components["schemas"]["TripView"] & {
            /** @description The courier's id. */
            courier_id: string;
            /** @description Packages of the past. */
            past_trips: components["schemas"]["PastTrip"][];
            /** @description What others say. */
            reviews: components["schemas"]["ReviewView"][];
            /** @description Telegram name, without `@`. */
            telegram_username?: string | null;
            /** @description The trip's id. */
            trip_id: string;
        };
        /** @description Couriers on their way. */
        Couriers: {
            /** @description In the order that was asked for. */
            couriers: components["schemas"]["CourierView"][];
            /** @description Where the next page starts. A page can have few couriers, or none, although there are more. */
            next_cursor?: string | null;
        };
        /**
         * @description A currency with two decimal places.
         * @enum {string}
         */
        Currency: "RUB" | "USD" | "EUR" | "KZT";
        /** @description The database. */
        DatabaseHealth: {
            /** @description `sqlite` or `postgres`. */
            kind: components["schemas"]["DatabaseKind"];
            /** Format: int64 */
            latencyMs: number;
            /** @description Why it takes none. */
            reason?: string | null;
            /** @description `ok`, `down`, or `read_only` while it takes no writes. */
            status: components["schemas"]["DatabaseStatus"];
        };
        /**
         * @description Which database it is.
         * @enum {string}
         */
        DatabaseKind: "sqlite" | "postgres";
        /**
         * @description How the database is.
         * @enum {string}
         */
        DatabaseStatus: "ok" | "down" | "read_only";
        /** @description What an operator decides upon a report. Shutting somebody out is a call of its own. */
        DecideReport: {
            decision: components["schemas"]["ReportDecision"];
            /** @description For other operators. */
            note?: string | null;
        };
        /** @description Why not. */
        DeclineDocument: {
            /** @description For the owner. */
            reason: string;
        };
        /** @description Why somebody declines. */
        DeclineOffer: {
            /** @description In their own words. */
            reason?: string | null;
        };
        /** @description Why not. */
        DeclineRequest: {
            /** @description In one's own words. */
            reason?: string | null;
        };
        /**
         * @description What somebody of the desk may do.
         * @enum {string}
         */
        DeskRole: "admin" | "dispatcher" | "operator" | "user";
        /** @description Tokens of somebody of the desk. */
        DeskSignedIn: {
            access: string;
            refresh: string;
            role: components["schemas"]["DeskRole"];
            second_factor?: components["schemas"]["SecondFactorNeed"] | null;
            user: components["schemas"]["DeskUser"];
        };
        /** @description Somebody of the desk. */
        DeskUser: {
            email: string;
            /**
             * Format: int64
             * @description Their number.
             */
            id: number;
            role: components["schemas"]["DeskRole"];
            username: string;
        };
        /** @description Who is in the right. */
        DisputeResolution: {
            /**
             * Format: double
             * @description Instead: the courier's part of the reward, in its currency, before the platform's fee. The sender gets the rest.
             */
            courier_share?: number | null;
            /** @description `courier`: the reward is paid. `sender`: the sender gets the money back. */
            in_favour_of: components["schemas"]["Party"];
        };
        /** @description The dispute is over. */
        DisputeResolved: {
            /** @description The state of the request now: `confirmed` or `cancelled`. */
            new_status: components["schemas"]["RequestState"];
            success: boolean;
        };
        /** @description A dispute. */
        DisputeView: {
            courier_id: string;
            courier_name: string;
            currency: components["schemas"]["Currency"];
            description: string;
            /** @description The request that it is about. */
            id: string;
            package_id: string;
            /** @description In the sender's words. */
            reason: string;
            /**
             * Format: double
             * @description What the courier is paid or the sender gets back.
             */
            reward: number;
            sender_id: string;
            sender_name: string;
            since: string;
        };
        /** @description Disputes that wait for an operator, the oldest first. */
        Disputes: {
            disputes: components["schemas"]["DisputeView"][];
            /** @description Where the next page starts. */
            next_cursor?: string | null;
        };
        /** @description It is decided. */
        DocumentDecided: {
            /** @description `approved` or `declined`. */
            new_status: components["schemas"]["DocumentDecision"];
            success: boolean;
        };
        /**
         * @description What was decided about a document.
         * @enum {string}
         */
        DocumentDecision: "approved" | "declined";
        /** @description A link to look at a document. */
        DocumentLink: {
            expires_at: string;
            /** @description For the reviewer who asked, with their token; under the server's own address. */
            path: string;
        };
        /**
         * @description What kind of file a document is.
         * @enum {string}
         */
        DocumentMediaType: "image/jpeg" | "application/pdf";
        /** @description Documents that wait for a decision. */
        DocumentQueue: {
            /** @description Oldest first. */
            documents: components["schemas"]["QueuedDocument"][];
            /** @description Where the next page starts. */
            next_cursor?: string | null;
        };
        /** @description A document has arrived. */
        DocumentSent: {
            document_id: string;
            success: boolean;
        };
        /**
         * @description Where a document stands.
         * @enum {string}
         */
        DocumentStatus: "pending" | "approved" | "declined";
        /** @description A document as its owner sees it. */
        DocumentView: {
            created_at: string;
            decided_at?: string | null;
            id: string;
            /** @description Whether the file is still kept; it goes 30 days after the decision. */
            is_kept: boolean;
            /** @description `image/jpeg` or `application/pdf`. */
            media_type: components["schemas"]["DocumentMediaType"];
            /** @description Why it was declined. */
            reason?: string | null;
            /** Format: int64 */
            size_bytes: number;
            /** @description `pending`, `approved` or `declined`. */
            status: components["schemas"]["DocumentStatus"];
        };
        /** @description It was taken back. */
        DocumentWithdrawn: {
            success: boolean;
        };
        /** @description What was driven. */
        DrivenRide: {
            /**
             * Format: double
             * @description How far; as expected if absent.
             */
            actual_distance_km?: number | null;
            /**
             * Format: double
             * @description How long; as expected if absent.
             */
            actual_duration_minutes?: number | null;
            /**
             * Format: double
             * @description How long the courier waited at the pickup; as it was noted if absent.
             */
            actual_waiting_time_minutes?: number | null;
        };
        /** @description How soon the courier is at the pickup, or at the end once the ride has begun. */
        DriverEta: {
            /** Format: double */
            distance_km: number;
            /** @description In whole minutes, for people. */
            formatted: string;
            /** Format: int32 */
            seconds: number;
        };
        /** @description A courier, or what is changed of one. */
        DriverInput: {
            /**
             * Format: int32
             * @description How many people the vehicle takes, 1 to 60.
             */
            capacity?: number | null;
            car_model?: string | null;
            email?: string | null;
            /** @description Whether they are on duty. */
            is_online?: boolean | null;
            /** @description What others see. */
            name?: string | null;
            /** @description Is not kept: couriers sign in with a code that comes to the phone. */
            password?: string | null;
            /** @description With it they sign in; of somebody who is known it stays. */
            phone?: string | null;
            plate_number?: string | null;
            region_id?: string | null;
        };
        /** @description A page of couriers. */
        DriverPage: {
            /**
             * Format: int64
             * @description How many there are in all.
             */
            count: number;
            /** @description The address of the next page. */
            next?: string | null;
            previous?: string | null;
            /** @description Oldest first. */
            results: components["schemas"]["DriverView"][];
        };
        /** @description Where the courier is. */
        DriverPosition: {
            /** @description When the courier was there. */
            last_update: string;
            /** Format: double */
            lat: number;
            /** Format: double */
            lon: number;
        };
        /** @description What the caller has done. */
        DriverStatistics: {
            /**
             * Format: double
             * @description The share of offers that were accepted; null for who was never asked.
             */
            acceptance_rate?: number | null;
            /** Format: int64 */
            completed_orders: number;
            /**
             * Format: int64
             * @description Since midnight in the region.
             */
            completed_today: number;
            /** Format: int64 */
            offers: number;
            /** Format: int64 */
            offers_accepted: number;
            /** Format: int64 */
            orders_called_off: number;
        };
        /** @description Who drives. */
        DriverView: {
            /**
             * Format: int32
             * @description How many people the vehicle takes.
             */
            capacity: number;
            car_model: string;
            /**
             * Format: double
             * @description Where they are, while they are on duty.
             */
            current_lat?: number | null;
            /** Format: double */
            current_lon?: number | null;
            current_position?: components["schemas"]["GeoPoint"] | null;
            /**
             * Format: int64
             * @description Their number.
             */
            id: number;
            is_online: boolean;
            /** @description When they have said so. */
            last_location_update?: string | null;
            name: string;
            plate_number: string;
            region: components["schemas"]["RegionName"];
            /** @description What they are doing. */
            status: components["schemas"]["DutyState"];
            user: components["schemas"]["TownUser"];
        };
        /** @description Who would see a package. */
        DryRunAnswer: components["schemas"]["RewardReach"] & {
            /** @description What would happen to it if it were published now. */
            next: components["schemas"]["NextView"];
            /** @description What it would cost, what of that is missing, and how to pay exactly that. */
            price: components["schemas"]["PackagePrice"];
            /** @description How many trips touch an end of the package and would not see it, by reason. */
            reasons: {
                [key: string]: number;
            };
            /** @description In words, English. */
            text_en: string;
            /** @description In words, Russian. */
            text_ru: string;
            /** @description The same for 20 % more reward. */
            with_more_reward: components["schemas"]["RewardReach"];
        };
        /**
         * @description What a courier is doing.
         * @enum {string}
         */
        DutyState: "offline" | "online_idle" | "offered" | "enroute_to_pickup" | "on_trip" | "paused";
        /** @description An operator's name, which may be an address for letters, and the password. */
        EmailLogin: {
            /** @description Of the authenticator, or a recovery code; production asks for it. */
            code?: string | null;
            /** @description The login. */
            email: string;
            password: string;
        };
        /** @description A route in the last hour. */
        EndpointStats: components["schemas"]["RequestStats"] & {
            /** @description `GET /api/trips/{trip_id}`. */
            endpoint: string;
        };
        /** @description What lives on this node. */
        EngineHealth: {
            actors: number;
            sessions: number;
            /** @description Threads that are held up by something which does not yield. */
            silent_threads: string[];
            trips: number;
            waiting_packages: number;
        };
        /**
         * @description What is wrong, for programs. New codes may come.
         * @enum {string}
         */
        ErrorCode: "bad_request" | "empty_message" | "unauthorized" | "invalid_token" | "token_expired" | "invalid_init_data" | "stale_init_data" | "invalid_code" | "invalid_secret" | "invalid_login" | "invalid_invitation" | "invalid_link" | "forbidden" | "origin_not_allowed" | "blocked" | "wrong_party" | "not_found" | "method_not_allowed" | "too_slow" | "conflict" | "in_progress" | "answered_before" | "not_a_member" | "cannot_write" | "illegal_transition" | "already_taken" | "expired" | "no_room" | "trip_not_live" | "party_gone" | "parcels_on_board" | "already_requested" | "too_many_requests" | "too_many_packages" | "too_many_trips" | "too_many_pending" | "too_many_on_trip" | "too_many_withdrawals" | "daily_limit" | "payout_waits" | "too_many_payments" | "no_payment_method" | "nothing_missing" | "too_many_subscriptions" | "bot_off" | "charge_known" | "insufficient_funds" | "already_reviewed" | "open_deals" | "money_left" | "operator" | "own_account" | "last_administrator" | "login_taken" | "awaits_answer" | "too_many_strangers" | "blocked_by_you" | "username_taken" | "too_many_posts" | "too_many_documents" | "already_decided" | "photo_attached" | "second_factor_exists" | "stale" | "too_large" | "unsupported_media_type" | "invalid" | "ambiguous_place" | "code_in_message" | "key_reused" | "does_not_suit" | "own_package" | "code_required" | "upgrade_required" | "too_many" | "internal" | "telegram_failed" | "unavailable" | "payouts_frozen" | "busy";
        /** @description The money that was set aside. */
        EscrowInfo: {
            /**
             * Format: double
             * @description How much was set aside, roubles.
             */
            amount_frozen: number;
            /** @description `escrow`, or `cash` at the hand-over. */
            payment_method: components["schemas"]["PaymentMethod"];
            refund_policy: string;
        };
        /** @description How soon a courier can be at a pickup. */
        EtaView: {
            /** Format: double */
            distance_km: number;
            /** Format: int64 */
            driver_id: number;
            /** @description When that is. */
            eta: string;
            /** Format: double */
            eta_minutes: number;
            /** Format: int32 */
            eta_seconds: number;
            order_id: string;
        };
        /** @description A message as it was when it was reported. */
        EvidenceView: {
            at: string;
            content: string;
            has_picture: boolean;
            id: string;
            sender_id: string;
            /** Format: int64 */
            seq: number;
        };
        /** @description Who was considered for a package, and why in or out. */
        ExplanationView: {
            /** @description Trips that touch an end of the package. */
            considered: number;
            /** @description Couriers among them. */
            couriers: number;
            /** @description Trips that could carry it. */
            matches: number;
            /**
             * Format: int32
             * @description Of the matches.
             */
            median_detour_min?: number | null;
            /** @description What happens to it now. */
            next: components["schemas"]["NextView"];
            package_id: string;
            /** @description How many trips were left out, by reason. */
            reasons: {
                [key: string]: number;
            };
            /** @description Requests made so far, by state. */
            requests: {
                [key: string]: number;
            };
            state: components["schemas"]["PackageState"];
            /** @description The best first, then those left out. */
            verdicts: components["schemas"]["TripVerdict"][];
        };
        /** @description An order that was not given to anybody. */
        FailedOrder: {
            order_id: string;
            reason: string;
        };
        /**
         * @description A kind of deal, by how a sender and a courier come together: each has a fee of its own.
         * @enum {string}
         */
        FeeKind: "instant" | "choose";
        /**
         * Format: binary
         * @description The bytes of a file.
         */
        FileBytes: string;
        /** @description A package that waits for a courier, as couriers see it. */
        FoundPackage: {
            created_at: string;
            /** @description Not after. */
            deliver_by: string;
            description: string;
            /**
             * Format: int32
             * @description Extra way, minutes.
             */
            detour_min?: number | null;
            dropoff?: components["schemas"]["Meeting"] | null;
            from: string;
            /** @description Where it starts, with its id, its names and its time zone. */
            from_place: components["schemas"]["PlaceAround"];
            /** @description IANA time zone of where it starts. */
            from_tz: string;
            id: string;
            pickup?: components["schemas"]["Meeting"] | null;
            /** @description Not before. */
            ready_at: string;
            /**
             * Format: double
             * @description What the sender would pay, roubles, the platform's fee included.
             */
            reward: number;
            sender_avatar: string;
            sender_name: string;
            /** Format: double */
            sender_rating: number;
            /** @description Whether the sender has shown who they are. */
            sender_verified: boolean;
            size: components["schemas"]["SizeClass"];
            tags: string[];
            to: string;
            /** @description Where it goes, likewise. */
            to_place: components["schemas"]["PlaceAround"];
            /** @description IANA time zone of where it goes. */
            to_tz: string;
            /** @description The trip that it suits, if trips were asked about. */
            trip_id?: string | null;
            /**
             * Format: int32
             * @description Volume, millilitres.
             */
            volume_ml: number;
            weight: components["schemas"]["WeightClass"];
            /**
             * Format: int32
             * @description Weight, grams.
             */
            weight_g: number;
        };
        /** @description Packages that wait for a courier. */
        FoundPackages: {
            /** @description Where the next page starts. A page can have few packages, or none, although there are more. */
            next_cursor?: string | null;
            /** @description The package that has waited longest comes first. */
            packages: components["schemas"]["FoundPackage"][];
        };
        /** @description A point on Earth. */
        GeoPoint: {
            /**
             * Format: double
             * @description Degrees north.
             */
            lat: number;
            /**
             * Format: double
             * @description Degrees east.
             */
            lon: number;
        };
        /** @description An address. */
        Geocode: {
            /** @description A town, or an address with its town. */
            address: string;
        };
        /**
         * @description What was found of an address.
         * @enum {string}
         */
        GeocodeStatus: "ok" | "not_found";
        /** @description Where an address is. */
        Geocoded: {
            display_name: string;
            /** Format: double */
            lat?: number | null;
            /** Format: double */
            lon?: number | null;
            status: components["schemas"]["GeocodeStatus"];
        };
        /** @description A code. */
        HandOverCode: {
            /** @description Six digits. */
            code: string;
            /** @description The same for a QR code. */
            qr: string;
        };
        /** @description The code that was shown at the hand-over, if the package asks for one. */
        HandOverCodeShown: {
            /** @description Six digits. */
            code?: string | null;
        };
        /** @description The codes of a deal, for its sender. */
        HandOverCodes: {
            delivery?: components["schemas"]["HandOverCode"] | null;
            pickup?: components["schemas"]["HandOverCode"] | null;
        };
        /** @description Where and when a package changes hands. */
        HandOverView: {
            /** @description When the courier is expected. */
            eta: components["schemas"]["Instant"];
            /** @description The place of the hand-over. */
            place: components["schemas"]["PlaceView"];
        };
        /** @description How the server is. */
        Health: {
            clock: components["schemas"]["ClockHealth"];
            database: components["schemas"]["DatabaseHealth"];
            /** @description What lives on this node. */
            engine: components["schemas"]["EngineHealth"];
            memory: components["schemas"]["MemoryHealth"];
            redis: components["schemas"]["RedisHealth"];
            /** @description `ok` or `degraded`. */
            status: components["schemas"]["HealthStatus"];
            timestamp: string;
            /**
             * Format: int64
             * @description Seconds since the start.
             */
            uptime: number;
            version: string;
        };
        /**
         * @description How the server is.
         * @enum {string}
         */
        HealthStatus: "ok" | "degraded";
        /** @description A square of the map, by its middle. */
        HeatPoint: {
            /**
             * Format: double
             * @description 1 where most orders come from, and less elsewhere.
             */
            intensity: number;
            /** Format: double */
            lat: number;
            /** Format: double */
            lon: number;
        };
        /** @description Where orders come from. */
        Heatmap: {
            /** @description Of the last week, a square of a hundredth of a degree each. */
            points: components["schemas"]["HeatPoint"][];
        };
        /** @description Why an operator takes a post down. */
        HidePost: {
            /** @description For its author. */
            reason: string;
        };
        /**
         * Format: date-time
         * @description A point in time, RFC 3339 in UTC.
         */
        Instant: string;
        /** @description Work that is under way, or was. */
        JobView: {
            /** @description When it was done. */
            finished_at?: string | null;
            /** @description Nobody can guess it. */
            id: string;
            /** @description `account`: what somebody who has gone has left is called off. `trip`: what waits on a trip that is over is ended. */
            kind: string;
            /**
             * Format: int64
             * @description How much there still is.
             */
            left: number;
            /**
             * Format: int64
             * @description How much there was to do.
             */
            total: number;
        };
        /** @description What the platform takes of a reward of one kind of deal. */
        KindFee: {
            kind: components["schemas"]["FeeKind"];
            /**
             * Format: double
             * @description The least, roubles.
             */
            minimum: number;
            /**
             * Format: double
             * @description The share, percent.
             */
            percent: number;
        };
        /** @description Entries of the books, oldest first. */
        Ledger: {
            entries: components["schemas"]["LedgerEntry"][];
            /** @description Where the next page starts. */
            next_cursor?: string | null;
        };
        /** @description Money moved from one account to another. */
        LedgerEntry: {
            /** Format: double */
            amount: number;
            at: string;
            currency: components["schemas"]["Currency"];
            /** @description The kind of account that it came from. */
            from: string;
            from_user?: components["schemas"]["UserId"] | null;
            /** @description Its unique business key. */
            key: string;
            /** @description The request it is about. */
            request_id?: string | null;
            /** @description The kind of account that it went to. */
            to: string;
            to_user?: components["schemas"]["UserId"] | null;
        };
        /** @description Who and what is where. */
        MapData: {
            /** @description Couriers on duty whose position is known. */
            drivers: components["schemas"]["MapDriver"][];
            drivers_count: number;
            /** @description Orders that are not over. */
            orders: components["schemas"]["MapOrder"][];
            orders_count: number;
        };
        /** @description A courier on the map. */
        MapDriver: {
            car_model: string;
            /** Format: int64 */
            id: number;
            is_online: boolean;
            last_location_update: string;
            /** Format: double */
            lat: number;
            /** Format: double */
            lon: number;
            name: string;
            plate_number: string;
            region: components["schemas"]["RegionName"];
            /** @description What they are doing. */
            status: components["schemas"]["DutyState"];
        };
        /** @description An order on the map. */
        MapOrder: {
            created_at: string;
            /**
             * Format: int64
             * @description The number of its courier, if it has one.
             */
            driver_id?: number | null;
            /** Format: double */
            dropoff_lat: number;
            /** Format: double */
            dropoff_lon: number;
            dropoff_title: string;
            id: string;
            passenger: components["schemas"]["PassengerName"];
            /** Format: double */
            pickup_lat: number;
            /** Format: double */
            pickup_lon: number;
            pickup_title: string;
            status: components["schemas"]["OrderState"];
        };
        /** @description Where and when a package would change hands. */
        Meeting: {
            /**
             * Format: date-time
             * @description When the courier is expected, an instant.
             */
            at: string;
            /** @description The same, `YYYY-MM-DD`, local date of the place. */
            date: string;
            /** @description The same in English. */
            name_en: string;
            /** @description The same in Russian. */
            name_ru: string;
            /** @description The place. */
            place: string;
            /** @description The same, `HH:MM`, local time of the place. */
            time: string;
            /** @description IANA time zone of the place. */
            tz: string;
        };
        /** @description Memory of the process. */
        MemoryHealth: {
            /** Format: int64 */
            rssMB: number;
        };
        /** @description It goes again. */
        MessageSentAgain: {
            success: boolean;
        };
        /** @description A message. */
        MessageShown: {
            data: components["schemas"]["ChatMessage"];
            success: boolean;
        };
        /**
         * @description Where a message stands.
         * @enum {string}
         */
        MessageState: "waiting" | "unknown" | "dead";
        /** @description Messages. */
        Messages: {
            /** @description Oldest first. */
            data: components["schemas"]["ChatMessage"][];
            success: boolean;
        };
        /**
         * @description How a package finds its courier.
         * @enum {string}
         */
        Mode: "instant" | "choose";
        /** @description How the marketplace pays. */
        MoneyTerms: {
            /** @description What calling off means, by how far a package is and who calls off. */
            cancellation: components["schemas"]["CancellationRule"][];
            /**
             * Format: double
             * @description The least that it takes, roubles; likewise.
             */
            fee_minimum: number;
            /**
             * Format: double
             * @description The platform's share of a reward where the engine finds the courier, percent; 0 where couriers are paid in cash.
             */
            fee_percent: number;
            /**
             * Format: int32
             * @description The number of these fees. Each change has another one; a package keeps the one it was published with.
             */
            fee_version: number;
            /** @description The same for each kind of deal. */
            fees: components["schemas"]["KindFee"][];
            /** @description What money can be paid in with. */
            methods: components["schemas"]["PayInMethod"][];
            /** @description The ways that are on: `off`, or some of `demo`, `manual`, `webhook`. */
            modes: string[];
            /** @description When a sender pays, and whom. */
            paid: components["schemas"]["Paid"];
            /** @description How people pay, in words, English. */
            text_en: string;
            /** @description The same, Russian. */
            text_ru: string;
        };
        /** @description One's own documents. */
        MyDocuments: {
            /** @description Newest first. */
            documents: components["schemas"]["DocumentView"][];
            /** @description Whether one of them was approved. */
            verified: boolean;
        };
        /** @description An order that the caller is asked about. */
        MyOffer: {
            /** Format: double */
            cost_score: number;
            created_at: string;
            /** @description When the courier is wanted; when it was placed, if that is at once. */
            desired_pickup_time: string;
            /**
             * Format: double
             * @description How far the pickup is, kilometres of road.
             */
            distance_km: number;
            /** Format: double */
            dropoff_lat: number;
            /** Format: double */
            dropoff_lon: number;
            dropoff_title: string;
            /** Format: int32 */
            eta_seconds: number;
            expires_at: string;
            /**
             * Format: int64
             * @description How long the caller may think, seconds.
             */
            expires_in_seconds: number;
            has_companion: boolean;
            offer_id: string;
            order_id: string;
            passenger: components["schemas"]["OfferPassenger"];
            /** Format: double */
            pickup_lat: number;
            /** Format: double */
            pickup_lon: number;
            pickup_title: string;
        };
        /** @description What the caller is asked about. */
        MyOffers: {
            count: number;
            results: components["schemas"]["MyOffer"][];
        };
        /** @description Several orders of the caller. */
        MyOrders: {
            count: number;
            /** @description Newest first. */
            results: components["schemas"]["OrderView"][];
        };
        /** @description One's own packages. */
        MyPackages: {
            /** @description Newest first. */
            packages: components["schemas"]["PackageView"][];
        };
        /** @description One's payments. */
        MyPayments: {
            /** @description Where the next page starts. */
            next_cursor?: string | null;
            /** @description Newest first. */
            payments: components["schemas"]["Payment"][];
        };
        /** @description One's own trips. */
        MyTrips: {
            /** @description Newest first. */
            trips: components["schemas"]["TripView"][];
        };
        /** @description What somebody drives, and where. */
        MyVehicle: {
            /**
             * Format: int32
             * @description How many people it takes, 1 to 60.
             */
            capacity?: number;
            /** @description What it is, for passengers to find it. */
            car_model?: string;
            plate_number?: string;
            /** @description The region that they drive in. */
            region_id?: string;
        };
        /** @description What is wrong. */
        NewDispute: {
            /** @description In one's own words; the courier reads it, too. */
            reason: string;
        };
        /** @description The link that the server printed, and who comes with it. */
        NewFirstAdmin: {
            /** @description From the link. */
            invitation: string;
            login: string;
            /** @description What others see. */
            name: string;
            /** @description At least 12 characters. */
            password: string;
        };
        /** @description Somebody who is to sign in with a name and a password. */
        NewOperator: {
            login: string;
            /** @description What others see. */
            name: string;
            /** @description At least 12 characters. */
            password: string;
            /** @description `viewer`, `dispatcher` or `admin`. */
            role: components["schemas"]["Role"];
        };
        /** @description What is ordered. */
        NewOrder: {
            /** @description An instant, or the local time of the pickup without a zone, an hour to 30 days ahead; absent or `now` for at once. */
            desired_pickup_time?: string | null;
            /** Format: double */
            dropoff_lat?: number | null;
            /** Format: double */
            dropoff_lon?: number | null;
            dropoff_object_name?: string | null;
            /** @description The address where it ends. */
            dropoff_title?: string | null;
            /** @description Somebody comes along: that takes a second seat. */
            has_companion?: boolean | null;
            note?: string | null;
            passenger_allowed_companion?: boolean | null;
            passenger_disability_category?: string | null;
            /**
             * Format: int64
             * @description Whom it is for, where the desk orders: a known passenger.
             */
            passenger_id?: number | null;
            passenger_name?: string | null;
            /** @description Or somebody with this phone, who becomes a passenger if they are none. */
            passenger_phone?: string | null;
            passenger_region_id?: string | null;
            /** Format: double */
            pickup_lat?: number | null;
            /** Format: double */
            pickup_lon?: number | null;
            /** @description What is there: a hospital, a station. */
            pickup_object_name?: string | null;
            /** @description The address where it begins. */
            pickup_title?: string | null;
        };
        /** @description A step of an order. */
        NewOrderStatus: {
            /** @description Why, for people. */
            reason?: string | null;
            /** @description The state that it is to be in. */
            status: string;
        };
        /** @description A package to publish. */
        NewPackage: {
            /**
             * @description When the sender wants to know the courier at the latest. Until then a courier who accepts has *agreed* (`request.agreed`): nothing is held, and a better one may still be found. The deal (room and money, in one transaction) is made at this moment, or shortly before the courier sets off if that is earlier; the others hear that it is taken. A courier who accepts later gets the package at once. Only with mode `instant`; not after `deliver_by`. An instant, or `YYYY-MM-DD HH:MM` in local time of where it starts.
             * @example 2026-12-01T12:00:00Z
             */
            confirm_by?: string | null;
            /** @description The sender's word that nothing forbidden is inside. */
            contents_confirmed?: boolean | null;
            /**
             * @description Not after; 14 days later if absent. An instant, or `YYYY-MM-DD HH:MM` or a day (to its end) in local time of where it goes.
             * @example 2026-12-15T18:00:00Z
             */
            deliver_by?: string | null;
            /** @description Where exactly it goes. */
            delivery_address?: string | null;
            /** @description What it is. */
            description?: string | null;
            dropoff?: components["schemas"]["GeoPoint"] | null;
            from?: components["schemas"]["PlaceInput"] | null;
            /** @description Whether the courier has to show a code at the pickup and at the delivery. */
            hand_over_codes?: boolean;
            mode?: components["schemas"]["Mode"] | null;
            pickup?: components["schemas"]["GeoPoint"] | null;
            /** @description Where exactly it starts. */
            pickup_address?: string | null;
            /**
             * @description Not before; now if absent. An instant, or `YYYY-MM-DD HH:MM` or a day in local time of where it starts.
             * @example 2026-12-01T09:00:00Z
             */
            ready_at?: string | null;
            /**
             * Format: double
             * @description What the courier earns, roubles, the platform's fee included.
             */
            reward?: number | null;
            size?: components["schemas"]["SizeClass"] | null;
            /** @description Labels of the sender's own. */
            tags?: string[];
            /** @description A pattern to publish from. */
            template?: boolean;
            to?: components["schemas"]["PlaceInput"] | null;
            /**
             * Format: int32
             * @description Millilitres; instead of `size`.
             */
            volume_ml?: number | null;
            weight?: components["schemas"]["WeightClass"] | null;
            /**
             * Format: int32
             * @description Grams; instead of `weight`.
             */
            weight_g?: number | null;
        };
        /** @description Money to pay in. */
        NewPayment: {
            /**
             * Format: double
             * @description Roubles, at least 1. For a package, what is missing for it if it is not said.
             */
            amount?: number | null;
            method?: components["schemas"]["PayInMethod"] | null;
            package_id?: components["schemas"]["PackageId"] | null;
            purpose: components["schemas"]["PaymentPurpose"];
        };
        /** @description A courier's answer to a package: with a published trip, or with one that is still to be published. */
        NewResponse: {
            /** @description Its airport or station. */
            airport?: string | null;
            /** @description The day of its arrival, local date of where the package goes; the most plausible one if absent. */
            arrival_date?: string | null;
            /** @description Words to the sender. */
            comment?: string | null;
            /** @description Instead of a trip: the day of one, `YYYY-MM-DD` or `DD.MM.YYYY`, local date of where the package starts. */
            date?: string | null;
            /**
             * Format: double
             * @description What the courier asks, roubles; the package's reward if absent.
             */
            price?: number | null;
            /** @description Its time, as tickets print it: `HH:MM`, `HH:MM → HH:MM` or `HH:MM → HH:MM (+1)`. */
            time?: string | null;
            transportType?: components["schemas"]["Transport"] | null;
            /** @description The trip that would carry it. */
            trip_id?: string | null;
        };
        /** @description What one says about the other party of a deal. */
        NewReview: {
            /**
             * Format: int32
             * @description 1 to 5.
             */
            rating: number;
            /** @description In words. */
            text?: string | null;
        };
        /** @description Another role. */
        NewRole: {
            /** @description `user`, `viewer`, `dispatcher` or `admin`. */
            role: components["schemas"]["Role"];
        };
        /** @description A second factor, shown this once. It counts when its first code was shown. */
        NewSecondFactor: {
            /** @description Each is good once, instead of a code. */
            recovery_codes: string[];
            /** @description To type into an authenticator. */
            secret: string;
            /** @description The same for a QR code. */
            uri: string;
        };
        /** @description A place on the way. */
        NewStop: string | components["schemas"]["NewStopPlace"];
        /** @description A place on the way, with more said about it. */
        NewStopPlace: {
            /** @description When the courier gets there: an instant, or `YYYY-MM-DD HH:MM` in local time of the stop. Worked out if absent. */
            arrive_at?: string | null;
            /** @description The country it lies in: a name, or the ISO 3166 code. */
            country?: string | null;
            /**
             * Format: double
             * @description Where exactly: degrees north,
             */
            lat?: number | null;
            /**
             * Format: double
             * @description and degrees east.
             */
            lon?: number | null;
            /** @description Its name. */
            name?: string | null;
            /** @description The gazetteer's id, as `/api/cities` has it. */
            place_id?: string | null;
            /** @description The region it lies in. */
            region?: string | null;
        };
        /** @description Something to be told of. */
        NewSubscription: {
            /** @description Where the way begins. */
            from: components["schemas"]["PlaceInput"];
            /** @description What happens before is of no interest; now if absent. An instant, or `YYYY-MM-DD HH:MM` or a day in local time of where it begins. */
            since?: string | null;
            /** @description Where it ends. */
            to: components["schemas"]["PlaceInput"];
            /** @description When the question is over, at most 90 days from now, which is also meant if it is absent. */
            until?: string | null;
            /** @description `trips` of couriers who pass both places, or `packages` from one to the other. */
            wanted: components["schemas"]["Wanted"];
        };
        /** @description A trip to publish, in either spelling of the Mini App. */
        NewTrip: {
            /** @description Airport or station. */
            airport?: string | null;
            /** @description Arrival, `YYYY-MM-DD` or `DD.MM.YYYY`, local date of the destination. If absent it is the day on which the arrival is most plausible for that transport; the answer says which one was understood. */
            arrival_date?: string | null;
            capacity?: components["schemas"]["CapacityClass"] | null;
            /**
             * Format: int32
             * @description Capacity in grams.
             */
            capacity_g?: number | null;
            /**
             * @description Departure, `YYYY-MM-DD` or `DD.MM.YYYY`, local date of the origin.
             * @example 2026-12-01
             */
            date: string;
            /** @description Origin. */
            from: components["schemas"]["PlaceInput"];
            /**
             * Format: int32
             * @description The extra way the courier accepts in all, minutes.
             */
            max_detour_min?: number | null;
            /**
             * @deprecated
             * @description Ignored: the signed-in user counts.
             */
            name?: string | null;
            /**
             * Format: double
             * @description What the courier asks per parcel, roubles.
             */
            price?: number | null;
            /**
             * Format: int32
             * @description Capacity in pieces; unlimited if absent.
             */
            slots?: number | null;
            /** @description Places on the way, in order. */
            stops?: components["schemas"]["NewStop"][];
            /**
             * @description As tickets print it: `HH:MM`, `HH:MM → HH:MM` or `HH:MM → HH:MM (+1)`. The departure is in the origin's local time, the arrival in the destination's. Without an arrival it is worked out.
             * @example 08:00 → 20:00
             */
            time: string;
            /** @description Destination. */
            to: components["schemas"]["PlaceInput"];
            transportType?: components["schemas"]["Transport"] | null;
            /** @description Words to senders. */
            trip_comment?: string | null;
            /**
             * Format: int32
             * @description Capacity in millilitres; unlimited if absent.
             */
            volume_ml?: number | null;
        };
        /** @description Where Telegram is to send updates. */
        NewWebhook: {
            /** @description The origin of this server as Telegram reaches it, `https://host`, or the whole address; `public_url` if it is not said. */
            url?: string | null;
        };
        /** @description Money to take out. */
        NewWithdrawal: {
            /**
             * Format: double
             * @description Roubles: at least 100, or all there is.
             */
            amount?: number | null;
            /** @description Where to: a card, a phone number of a payment system. */
            method?: string | null;
        };
        /**
         * @description What happens to a package now.
         * @enum {string}
         */
        NextStep: "offered" | "asked" | "kept" | "waits" | "nothing";
        /** @description What happens to a package now. The engine goes by the same judgement, so this is what it does, unless the market changes meanwhile. */
        NextView: {
            /** @description How many couriers are asked, or have been. */
            couriers?: number | null;
            /**
             * Format: date-time
             * @description With `kept`: until when room is kept from the package at the latest. Then it is offered to everybody who suits.
             */
            kept_until?: string | null;
            /**
             * Format: double
             * @description With `kept`: the least reward, in whole units of the package's currency, for which it would be offered at once. Left out if none would do.
             */
            reward_at_once?: number | null;
            step: components["schemas"]["NextStep"];
            /** @description In words, English. */
            text_en: string;
            /** @description In words, Russian. */
            text_ru: string;
        };
        /** @description Something that was not said and had to be decided: which field it is about, and how it was understood. */
        NoteView: {
            /** @description The field. */
            field: string;
            /** @description How it was understood, in Russian if `Accept-Language` prefers it to English, otherwise in English. */
            message: string;
        };
        /** @description What an acquirer says was taken in. */
        NoticeTaken: {
            success: boolean;
        };
        /** @description It was read. */
        NotificationRead: {
            success: boolean;
        };
        /**
         * @description What a notification says.
         * @enum {string}
         */
        NotificationType: "package_request_response" | "package_request_declined" | "package_delivered" | "new_courier_available" | "trip_request_received" | "payment_received" | "reminder" | "document_reviewed" | "dispute_opened" | "dispute_resolved" | "new_package_available" | "courier_chosen" | "subscription_matched";
        /** @description Something one should know. */
        NotificationView: {
            /** @description Where the client goes when it is tapped. */
            action_url: string;
            /** Format: double */
            amount?: number | null;
            courier_name?: string | null;
            /** @description The day of the departure, `YYYY-MM-DD`, local date of the origin. */
            date?: string | null;
            decline_reason?: string | null;
            /**
             * Format: date-time
             * @description The departure, an instant.
             */
            departs_at?: string | null;
            /** @description What the sender says is wrong, while the dispute is open. */
            dispute_reason?: string | null;
            /** @description IANA time zone of the origin. */
            from_tz?: string | null;
            id: string;
            is_read: boolean;
            message: string;
            package_description?: string | null;
            /** @description The package it is about. */
            package_id?: string | null;
            /** Format: double */
            reward?: number | null;
            /** @description `Москва → Казань`, in the reader's language. */
            route?: string | null;
            sender_name?: string | null;
            timestamp: string;
            title: string;
            transaction_id?: string | null;
            /** @description The same. */
            trip_date?: string | null;
            /** @description The trip it is about. */
            trip_id?: string | null;
            /** @description `package_request_response`, `package_request_declined`, `package_delivered`, `new_courier_available`, `trip_request_received`, `payment_received`, `reminder`, `document_reviewed`, `dispute_opened`, `dispute_resolved`, `new_package_available`, `courier_chosen` or `subscription_matched`. A courier in whose favour an operator decided gets `payment_received`. */
            type: components["schemas"]["NotificationType"];
        };
        /** @description Notifications. */
        Notifications: {
            /** @description Newest first. */
            notifications: components["schemas"]["NotificationView"][];
            /**
             * Format: int64
             * @description How many are unread in all.
             */
            unread_count: number;
        };
        /** @description All were read. */
        NotificationsRead: {
            /**
             * Format: int64
             * @description How many were not.
             */
            marked_count: number;
            success: boolean;
        };
        /** @description `offer.new`. */
        Offer: {
            /**
             * Format: int32
             * @description Room left on the fullest leg used, grams.
             */
            capacity_left_g: number;
            /** @description Of both. */
            currency: components["schemas"]["Currency"];
            /**
             * Format: double
             * @description Extra way, kilometres.
             */
            detour_km: number;
            /**
             * Format: int32
             * @description Extra way, minutes.
             */
            detour_min: number;
            /** @description Where it gets off. */
            dropoff: components["schemas"]["HandOverView"];
            /** @description When the offer ends at the latest. */
            expires_at: components["schemas"]["Instant"];
            /**
             * Format: double
             * @description The platform's share of it, major units.
             */
            fee: number;
            /** @description Whether it changes hands with codes only; `false` in events that are older than this field. */
            hand_over_codes?: boolean;
            /**
             * Format: int32
             * @description The first leg used.
             */
            leg_from: number;
            /**
             * Format: int32
             * @description One past the last leg used.
             */
            leg_to: number;
            /** @description What is offered. */
            package: components["schemas"]["PackageBrief"];
            /** @description How the sender pays: with `cash` the courier gets the reward at the hand-over; `at_claim` in events that are older than this field. */
            payment?: components["schemas"]["Paid"];
            /** @description Where it gets on. */
            pickup: components["schemas"]["HandOverView"];
            /** @description The request to accept or decline. */
            request_id: components["schemas"]["RequestId"];
            /**
             * Format: double
             * @description What the sender pays, major units.
             */
            reward: number;
            /** @description For which of the courier's trips. */
            trip_id: components["schemas"]["TripId"];
            /**
             * Format: int64
             * @description How long the courier may look once it is on the screen, milliseconds.
             */
            ttl_ms: number;
            /** @description Why this courier: stable codes with their particulars. */
            why: components["schemas"]["Why"][];
        };
        /** @description What became of an offer, and of the order. */
        OfferAnswered: {
            message: string;
            order?: components["schemas"]["OrderView"] | null;
            success: boolean;
        };
        /** @description Who wants to be driven, as far as somebody sees it who is only asked. */
        OfferPassenger: {
            disability_category: string;
            full_name: string;
            /** Format: int64 */
            id: number;
        };
        /** @description An offer, as the desk sees it. */
        OfferView: {
            /** Format: double */
            cost_score: number;
            created_at: string;
            /** Format: double */
            distance_km: number;
            /** Format: int64 */
            driver_id: number;
            driver_name: string;
            /** Format: int32 */
            eta_seconds: number;
            expires_at: string;
            id: string;
            order_id: string;
            /** @description Why it was declined; may be empty. */
            reason: string;
            /** @description When it was answered, or ended. */
            responded_at?: string | null;
            status: components["schemas"]["TownOfferState"];
        };
        /** @description Whether somebody is on duty. */
        OnlineStatus: {
            is_online: boolean;
        };
        /** @description Whom one wants to talk to: one of the three. */
        OpenChat: {
            /** @description This person. */
            other_user_id?: string | null;
            /** @description The other party of a request of one's own. */
            request_id?: string | null;
            /** @description The person who travels. */
            trip_id?: string | null;
        };
        /** @description An operator was taken on. */
        OperatorAdded: {
            success: boolean;
            user_id: string;
        };
        /** @description A link that `peerpack operator link` has printed. */
        OperatorLink: {
            /** @description Of the authenticator, or a recovery code. It can also be shown afterwards. */
            code?: string | null;
            link: string;
        };
        /** @description An operator's name and password. */
        OperatorLogin: {
            /** @description Of the authenticator, or a recovery code. It can also be shown afterwards. */
            code?: string | null;
            /** @description As it came with an earlier sign-in on this device: then guesses of others keep nobody waiting. */
            device_token?: string | null;
            login: string;
            password: string;
        };
        /** @description Who can take an order, and who cannot. */
        OrderCandidates: {
            /** @description The best first, by the simple rule: the fewest orders today, then the nearest. */
            candidates: components["schemas"]["CandidateView"][];
            count: number;
            order_id: string;
            /** @description Everybody else on duty, with why not. */
            rejected: components["schemas"]["RejectedCandidate"][];
        };
        /** @description Who drives, as an order names them. */
        OrderDriver: {
            car_model: string;
            /**
             * Format: int64
             * @description Their number.
             */
            id: number;
            name: string;
            plate_number: string;
            user: components["schemas"]["TownUser"];
        };
        /** @description What an order has cost, or would cost as it is driven. */
        OrderFinal: {
            /** @description Names how it came about. */
            breakdown_id: string;
            details: components["schemas"]["OrderPriceParts"];
            /** Format: double */
            final_price: number;
            /** @description Whether the ride is over, and this is what it has cost. */
            is_settled: boolean;
        };
        /** @description A page of orders. */
        OrderPage: {
            /**
             * Format: int64
             * @description How many there are in all.
             */
            count: number;
            /** @description The address of the next page. */
            next?: string | null;
            previous?: string | null;
            /** @description Newest first. */
            results: components["schemas"]["OrderView"][];
        };
        /** @description What an order costs with what was driven. */
        OrderPrice: {
            /** Format: double */
            estimated_price: number;
            /** Format: double */
            final_price: number;
            order_id: string;
            price_breakdown: components["schemas"]["OrderPriceParts"];
        };
        /** @description How a price came about. */
        OrderPriceBreakdown: {
            details: components["schemas"]["OrderPriceParts"];
            id: string;
            order_id: string;
            /**
             * Format: int32
             * @description The version of the tariff.
             */
            tariff_version: number;
            /** Format: double */
            total: number;
            type: components["schemas"]["PriceKind"];
        };
        /** @description How a price came about. */
        OrderPriceParts: {
            /**
             * Format: double
             * @description For being driven, the way and the time.
             */
            base_distance_price: number;
            /**
             * Format: double
             * @description For the booking.
             */
            booking_fee: number;
            /** Format: double */
            companion_fee: number;
            /**
             * Format: double
             * @description What the passenger's category is multiplied by.
             */
            disability_multiplier: number;
            /**
             * Format: double
             * @description What the ride was raised by, to the least that one costs.
             */
            minimum_fare_adjustment: number;
            /** Format: double */
            night_multiplier: number;
            /**
             * Format: double
             * @description For options.
             */
            options_fee: number;
            /**
             * Format: double
             * @description Everything before it is multiplied.
             */
            subtotal: number;
            /**
             * Format: double
             * @description What is multiplied by where couriers are few.
             */
            surge_multiplier: number;
            /** Format: double */
            total: number;
            /**
             * Format: double
             * @description For waiting beyond the free minutes.
             */
            waiting_time_price: number;
            /** Format: double */
            weekend_multiplier: number;
        };
        /** @description What an order is expected to cost. */
        OrderQuote: {
            /** @description Names how it came about. */
            breakdown_id: string;
            details: components["schemas"]["OrderPriceParts"];
            /** Format: double */
            quote: number;
            /**
             * Format: double
             * @description What is multiplied by where couriers are few.
             */
            surge_multiplier: number;
        };
        /**
         * @description Where an order stands.
         * @enum {string}
         */
        OrderState: "draft" | "submitted" | "awaiting_dispatcher_decision" | "rejected" | "created" | "matching" | "active_queue" | "offered" | "assigned" | "driver_en_route" | "arrived_waiting" | "ride_ongoing" | "no_show" | "incident" | "completed" | "cancelled";
        /** @description A step that an order has taken. */
        OrderStepView: {
            /** @description In which role: passenger, courier, staff or engine. */
            by: string;
            created_at: string;
            /** @description Why; may be empty. */
            description: string;
            status_from: string;
            status_to: string;
        };
        /** @description An order. */
        OrderView: {
            assigned_at?: string | null;
            /** @description Why this courier. */
            assignment_reason: string;
            completed_at?: string | null;
            created_at: string;
            /** @description When the courier is wanted; when it was placed, if that is at once. */
            desired_pickup_time: string;
            /**
             * Format: double
             * @description How far it is expected to go.
             */
            distance_km: number;
            driver?: components["schemas"]["OrderDriver"] | null;
            dropoff_coordinate: components["schemas"]["GeoPoint"];
            /** Format: double */
            dropoff_lat: number;
            /** Format: double */
            dropoff_lon: number;
            dropoff_object_name: string;
            dropoff_title: string;
            /** Format: double */
            estimated_price: number;
            /** Format: double */
            final_price?: number | null;
            has_companion: boolean;
            id: string;
            note: string;
            passenger: components["schemas"]["PassengerView"];
            pickup_coordinate: components["schemas"]["GeoPoint"];
            /** Format: double */
            pickup_lat: number;
            /** Format: double */
            pickup_lon: number;
            pickup_object_name: string;
            pickup_title: string;
            /** @description Of the final price once there is one. */
            price_breakdown: components["schemas"]["OrderPriceParts"];
            rejection_reason: string;
            /** Format: int32 */
            seats_needed: number;
            status: components["schemas"]["OrderState"];
            /**
             * Format: double
             * @description How long the courier has waited at the pickup.
             */
            waiting_time_minutes: number;
        };
        /** @description Every order was deleted. */
        OrdersCleared: {
            /**
             * Format: int64
             * @description How many there were.
             */
            deleted: number;
            message: string;
            success: boolean;
        };
        /**
         * @description Who started a request.
         * @enum {string}
         */
        Origin: "sender" | "courier" | "engine";
        /** @description A message that waits, or that somebody has to look at. */
        OutboxMessage: {
            /** @description When that was. */
            at: string;
            /**
             * Format: int32
             * @description How often it was tried.
             */
            attempts: number;
            /** @description How it is sent: docs/bot.md says what each class means. */
            class: string;
            /** @description When it is to go. */
            due_at: string;
            /** @description What went wrong the last time. */
            error?: string | null;
            /** @description The request it is about. */
            request_id?: string | null;
            /**
             * Format: int64
             * @description The number of its event in their stream.
             */
            seq: number;
            /** @description To whom it goes. */
            user_id: components["schemas"]["UserId"];
        };
        /** @description Messages, newest first. */
        OutboxPage: {
            /**
             * Format: int64
             * @description How many Telegram does not take.
             */
            dead: number;
            messages: components["schemas"]["OutboxMessage"][];
            /** @description Where the next page starts. */
            next_cursor?: string | null;
            /**
             * Format: int64
             * @description How many may have arrived.
             */
            unknown: number;
            /**
             * Format: int64
             * @description How many wait in all.
             */
            waiting: number;
        };
        /** @description Oneself. */
        OwnTalkProfile: {
            data: components["schemas"]["OwnTalkUser"];
            success: boolean;
        };
        /** @description Oneself, as others see one, and with what only oneself sees. */
        OwnTalkUser: {
            avatar_url: string;
            bio?: string | null;
            created_at: string;
            display_name: string;
            id: string;
            last_seen?: string | null;
            phone?: string | null;
            username: string;
        };
        /** @description The package of an offer. */
        PackageBrief: {
            /** @description Not after. */
            deliver_by: components["schemas"]["Instant"];
            /** @description What it is. */
            description: string;
            /** @description Where it starts. */
            from: components["schemas"]["PlaceView"];
            /** @description Its id. */
            id: components["schemas"]["PackageId"];
            /** @description Not before. */
            ready_at: components["schemas"]["Instant"];
            /** @description Size class; `volume_ml` counts. */
            size: components["schemas"]["SizeClass"];
            /** @description Labels of the sender's own. */
            tags: string[];
            /** @description Where it goes. */
            to: components["schemas"]["PlaceView"];
            /**
             * Format: int32
             * @description Volume, millilitres.
             */
            volume_ml: number;
            /** @description Weight class; `weight_g` counts. */
            weight: components["schemas"]["WeightClass"];
            /**
             * Format: int32
             * @description Weight, grams.
             */
            weight_g: number;
        };
        /** @description A package was called off. */
        PackageCancelled: {
            /**
             * Format: double
             * @description What has come back into the wallet, in the currency of the reward.
             */
            refund: number;
            /** @description `cancelled`. */
            state: components["schemas"]["PackageState"];
            success: boolean;
        };
        /**
         * Format: uuid
         * @description A thing to be carried.
         */
        PackageId: string;
        /** @description What a package costs. */
        PackagePrice: {
            /**
             * Format: double
             * @description What lies free in the sender's wallet.
             */
            available: number;
            /**
             * Format: double
             * @description What the courier gets of it.
             */
            courier_gets: number;
            /**
             * Format: double
             * @description What the platform takes of it.
             */
            fee: number;
            /**
             * Format: int32
             * @description The number of the fees that this one is of: a package that is published now keeps it.
             */
            fee_version: number;
            /**
             * Format: double
             * @description What is missing there; nothing where the courier is paid in cash, or the demo pays.
             */
            missing: number;
            /** @description When the sender pays, and whom. */
            paid: components["schemas"]["Paid"];
            pay_in?: components["schemas"]["SuggestedPayment"] | null;
            /**
             * Format: double
             * @description What the sender pays in all, roubles.
             */
            reward: number;
            /** @description All of it in words, English. */
            text_en: string;
            /** @description The same, Russian. */
            text_ru: string;
        };
        /** @description A package was published. */
        PackagePublished: {
            /** @description Its id. */
            package_id: string;
            success: boolean;
        };
        /** @description A courier was asked. */
        PackageSent: {
            /** @description The package. */
            package_id: string;
            /** @description The request that the courier will answer. */
            request_id: string;
            success: boolean;
        };
        /**
         * @description Where a package stands.
         * @enum {string}
         */
        PackageState: "template" | "open" | "assigned" | "in_transit" | "delivered" | "confirmed" | "cancelled";
        /**
         * @description Where a package stands, in the Mini App's words.
         * @enum {string}
         */
        PackageStatus: "active" | "waiting" | "template" | "completed";
        /** @description A package as its sender sees it. */
        PackageView: {
            completedAt?: string | null;
            /** @description When the sender wants to know the courier. */
            confirm_by?: string | null;
            created_at: string;
            /** @description Not after. */
            deliver_by: string;
            /** @description Where exactly it goes. */
            delivery_address: string;
            description: string;
            /** @description The point it goes to. */
            dropoff: components["schemas"]["GeoPoint"];
            /**
             * Format: double
             * @description What the platform takes of the reward.
             */
            fee: number;
            from: string;
            /** @description Where it starts, with its id, its names and its time zone. */
            from_place: components["schemas"]["PlaceAround"];
            /** @description IANA time zone of where it starts. */
            from_tz: string;
            /** @description Whether the courier has to show codes. */
            hand_over_codes: boolean;
            id: string;
            /** @description What the sender has last said to a courier. */
            message?: string | null;
            /** @description `instant` or `choose`. */
            mode: components["schemas"]["Mode"];
            /** @description How it is paid for, since it was published. */
            payment: components["schemas"]["Paid"];
            /** @description The point it starts at: that of the place, if no other was given. */
            pickup: components["schemas"]["GeoPoint"];
            /** @description Where exactly it starts, in the sender's words; empty if nothing was said. */
            pickup_address: string;
            /** @description Not before. */
            ready_at: string;
            responses: components["schemas"]["ResponseView"][];
            /** Format: double */
            reward: number;
            selectedCourier?: string | null;
            size: components["schemas"]["SizeClass"];
            /** @description Our own finer state. */
            state: components["schemas"]["PackageState"];
            /** @description `active`, `waiting`, `template` or `completed`. */
            status: components["schemas"]["PackageStatus"];
            tags: string[];
            to: string;
            /** @description Where it goes, likewise. */
            to_place: components["schemas"]["PlaceAround"];
            /** @description IANA time zone of where it goes. */
            to_tz: string;
            /** Format: int32 */
            usage_count: number;
            /**
             * Format: int64
             * @description Counts changes.
             */
            version: number;
            /**
             * Format: int32
             * @description Volume, millilitres.
             */
            volume_ml: number;
            weight: components["schemas"]["WeightClass"];
            /**
             * Format: int32
             * @description Weight, grams.
             */
            weight_g: number;
        };
        /**
         * @description When a sender pays, and whom.
         * @enum {string}
         */
        Paid: "cash" | "at_claim" | "on_publish";
        /**
         * @description The two sides of a request.
         * @enum {string}
         */
        Party: "sender" | "courier";
        /** @description A passenger, or what is changed of one. */
        PassengerInput: {
            /** @description Whether somebody may come along. */
            allowed_companion?: boolean | null;
            /** @description What they need, in the desk's words: `child` pays less. */
            disability_category?: string | null;
            email?: string | null;
            /** @description What couriers see. */
            full_name?: string | null;
            /** @description With it they sign in; of somebody who is known it stays. */
            phone?: string | null;
            region_id?: string | null;
        };
        /** @description A passenger by name. */
        PassengerName: {
            full_name: string;
            /** Format: int64 */
            id: number;
        };
        /** @description A page of passengers. */
        PassengerPage: {
            /**
             * Format: int64
             * @description How many there are in all.
             */
            count: number;
            /** @description The address of the next page. */
            next?: string | null;
            previous?: string | null;
            /** @description Oldest first. */
            results: components["schemas"]["PassengerView"][];
        };
        /** @description Who is driven. */
        PassengerView: {
            /** @description Whether somebody may come along. */
            allowed_companion: boolean;
            /** @description What they need, in the desk's words; may be empty. */
            disability_category: string;
            full_name: string;
            /**
             * Format: int64
             * @description Their number.
             */
            id: number;
            region: components["schemas"]["RegionName"];
            user: components["schemas"]["TownUser"];
        };
        /** @description A package of the past. */
        PastTrip: {
            /**
             * Format: date-time
             * @description The same, an instant.
             */
            arrives_at: string;
            /** @description When it was due there, `YYYY-MM-DD`, local date of the destination. */
            date: string;
            from: string;
            /** @description Whether the package arrived. */
            success: boolean;
            to: string;
            /** @description IANA time zone of the destination. */
            to_tz: string;
        };
        /**
         * @description Who takes the money.
         * @enum {string}
         */
        PayInMethod: "manual" | "webhook" | "telegram";
        /** @description The money was sent. */
        PayWithdrawal: {
            /** @description Under which number. */
            reference: string;
        };
        /** @description A payment. */
        Payment: {
            /**
             * Format: double
             * @description What was asked for, in the currency.
             */
            amount: number;
            /**
             * Format: double
             * @description What a bank has taken back.
             */
            charged_back: number;
            created_at: string;
            currency: components["schemas"]["Currency"];
            expires_at: string;
            /** @description Where to transfer the amount, with the reference, while it is awaited. */
            instructions?: string | null;
            /** @description Where to pay, if it is an address. While the status is `created` nobody knows yet: look again. */
            invoice_url?: string | null;
            method: components["schemas"]["PayInMethod"];
            package_id?: components["schemas"]["PackageId"] | null;
            /**
             * Format: double
             * @description What has come: more where it was paid twice.
             */
            paid: number;
            payment_id: components["schemas"]["PaymentId"];
            purpose: components["schemas"]["PaymentPurpose"];
            /** @description What has to stand on a transfer. */
            reference: string;
            /**
             * Format: double
             * @description What of it went back.
             */
            refunded: number;
            refunds: components["schemas"]["PaymentRefund"][];
            status: components["schemas"]["PaymentState"];
        };
        /**
         * Format: uuid
         * @description Money on its way in.
         */
        PaymentId: string;
        /**
         * @description How the money of a deal is kept.
         * @enum {string}
         */
        PaymentMethod: "escrow" | "cash";
        /**
         * @description What money is paid in for.
         * @enum {string}
         */
        PaymentPurpose: "top_up" | "package";
        /** @description Money of a payment on its way back to where it came from. */
        PaymentRefund: {
            /** Format: double */
            amount: number;
            at: string;
            reason: string;
            refund_id: string;
            status: components["schemas"]["RefundState"];
        };
        /** @description What a provider says of one of our payments: all it knows. */
        PaymentReport: {
            /** @description Every charge. */
            charges?: components["schemas"]["ReportedCharge"][];
            /** @description Where it can be paid. */
            invoice_url?: string | null;
            /** @description Which. */
            payment_id: components["schemas"]["PaymentId"];
            /** @description Where it stands there. */
            status: components["schemas"]["ReportedStatus"];
        };
        /**
         * @description Where a payment stands.
         * @enum {string}
         */
        PaymentState: "created" | "pending" | "succeeded" | "failed" | "expired" | "partly_refunded" | "refunded" | "charged_back";
        /** @description Who was found. */
        PeopleFound: {
            /** @description In the order of their names, at most 20, without oneself. */
            data: components["schemas"]["TalkUser"][];
            success: boolean;
        };
        /** @description The code that came. */
        PhoneCode: {
            /** @description The digits; blanks and hyphens between them do not count. */
            code: string;
            phone: string;
        };
        /** @description A number. */
        PhoneLogin: {
            /** @description As it came with an earlier sign-in on this device: then others keep nobody waiting. */
            device_token?: string | null;
            /**
             * @description With the code of the country, or with what is dialled in front within it; blanks, hyphens and brackets do not count.
             * @example +7 900 123-45-67
             */
            phone: string;
        };
        /** @description A session. */
        PhoneSession: {
            /**
             * Format: int32
             * @description How long the token is good, seconds.
             */
            expires_in: number;
            /** @description For another token, at `/api/auth/refresh`, once. */
            refresh_token: string;
            /** @description For the `Authorization` header: `Bearer`. */
            token: string;
            user: components["schemas"]["PhoneUser"];
        };
        /** @description Signed in. */
        PhoneSignedIn: {
            data: components["schemas"]["PhoneSession"];
            success: boolean;
        };
        /** @description Oneself. */
        PhoneUser: {
            display_name: string;
            id: string;
            phone?: string | null;
            username: string;
        };
        /** @description The photograph is attached. */
        PhotoAttached: {
            success: boolean;
        };
        /** @description A place with what it lies in: dozens of towns share a name. */
        PlaceAround: components["schemas"]["PlaceView"] & {
            /** @description ISO 3166 code of its country. */
            country?: string;
            /** @description The same, English. */
            region_en?: string | null;
            /** @description The region it lies in, Russian; absent where that is not known. */
            region_ru?: string | null;
        };
        /**
         * Format: int32
         * @description The id of a place, kept for good: that of GeoNames, and for an airport one of our own above them.
         */
        PlaceId: number;
        /** @description A place as people name it: by a name, or with more said about it. */
        PlaceInput: string | components["schemas"]["PlaceSaid"];
        /** @description A place with more said about it: its id, or its name with what tells it from others, or a point. */
        PlaceSaid: {
            /** @description The country it lies in: a name, or the ISO 3166 code. */
            country?: string | null;
            /**
             * Format: double
             * @description Where exactly: degrees north,
             */
            lat?: number | null;
            /**
             * Format: double
             * @description and degrees east.
             */
            lon?: number | null;
            /** @description Its name. */
            name?: string | null;
            /** @description The gazetteer's id, as `/api/cities` has it. */
            place_id?: string | null;
            /** @description The region it lies in. */
            region?: string | null;
        };
        /** @description A place as clients see it. */
        PlaceView: {
            /** @description The gazetteer's id. */
            id: components["schemas"]["PlaceId"];
            /**
             * Format: double
             * @description Latitude, degrees.
             */
            lat: number;
            /**
             * Format: double
             * @description Longitude, degrees.
             */
            lon: number;
            /** @description English name. */
            name_en: string;
            /** @description Russian name. */
            name_ru: string;
            /** @description IANA time zone, for what happens there; empty in events that are older than this field. */
            tz?: string;
        };
        /** @description A post. */
        Post: {
            /** @description The URL of the author's picture, or of their initials. */
            author_avatar: string;
            author_id: string;
            author_name: string;
            created_at: string;
            from?: components["schemas"]["PlaceView"] | null;
            id: string;
            /** @description A package of the author's: one can respond to it. */
            package_id?: string | null;
            /** @description The path of the picture beside it. */
            picture_url?: string | null;
            /** @description Why an operator has taken it down. */
            reason?: string | null;
            /** @description `shown`, or `hidden` by an operator: then only its author sees it. */
            status: components["schemas"]["PostStatus"];
            /** @description With `•••` in place of contact details. */
            text: string;
            to?: components["schemas"]["PlaceView"] | null;
            /** @description A trip of the author's: one can ask for it. */
            trip_id?: string | null;
            updated_at: string;
            /**
             * Format: int64
             * @description For `If-Match`.
             */
            version: number;
        };
        /** @description It is gone. */
        PostDeleted: {
            success: boolean;
        };
        /** @description What one wants to put up, or what it is to say from now on. */
        PostInput: {
            /** @description Where from: the name of a place. */
            from?: string | null;
            /** @description A package of one's own that belongs to it; not beside a trip. */
            package_id?: string | null;
            /** @description A picture that was sent before, to `/api/post-pictures`; it stays what it is when a post changes. */
            picture_id?: string | null;
            /** @description At most 2 000 characters. Contact details are kept back: everybody reads it. */
            text: string;
            /** @description Where to. */
            to?: string | null;
            /** @description A trip of one's own that belongs to it. */
            trip_id?: string | null;
        };
        /** @description It is done. */
        PostNoted: {
            success: boolean;
        };
        /** @description Somebody's objection. */
        PostObjection: {
            at: string;
            /** @description What the post said then. */
            evidence: string;
            reason: string;
            reporter_id: string;
        };
        /** @description A picture is there, and waits an hour for its post. */
        PostPictureKept: {
            picture_id: string;
            success: boolean;
        };
        /** @description Posts to which somebody objects. */
        PostReportQueue: {
            /** @description Where the next page starts. */
            next_cursor?: string | null;
            /** @description Oldest first, at most 50. */
            posts: components["schemas"]["ReportedPost"][];
        };
        /**
         * @description Where a post stands.
         * @enum {string}
         */
        PostStatus: "shown" | "hidden" | "deleted";
        /** @description Posts. */
        Posts: {
            /** @description Where the next page starts. */
            next_cursor?: string | null;
            /** @description Newest first. */
            posts: components["schemas"]["Post"][];
        };
        /**
         * @description A price before the ride, or after it.
         * @enum {string}
         */
        PriceKind: "quote" | "final";
        /** @description The body of an error, as RFC 9457 has it and with our own members. */
        Problem: {
            /** @description The places that may have been meant. */
            candidates?: components["schemas"]["Candidate"][];
            /** @description Stable, for programs. */
            code: components["schemas"]["ErrorCode"];
            /** @description The same as `message`, on the paths of the messenger and of the dispatch only. */
            error?: string | null;
            /** @description What is wrong, field by field, in the language of `message`. */
            fields?: {
                [key: string]: string;
            };
            /**
             * Format: int32
             * @description The most there may be, of what there would be too much.
             */
            limit?: number | null;
            /** @description For people: in Russian if `Accept-Language` prefers it to English, otherwise in English. */
            message: string;
            /** @description Names this HTTP request in the server's log, as `x-request-id` does. Not the id of anybody's request to carry a package. */
            request_id?: string | null;
            /**
             * Format: int32
             * @description The HTTP status.
             */
            status: number;
            /** @description `false`, on the paths of the messenger only. */
            success?: boolean | null;
            /** @description What may have been meant. */
            suggestions?: string[];
            /** @description The name of the status. */
            title: string;
            /** @description `urn:peerpack:problem:` and the code. */
            type: string;
        };
        /** @description What one changes about oneself; what is absent stays. */
        ProfileChange: {
            /** @description Language tag, such as `ru` or `en-GB`. */
            language?: string | null;
            /** @description What others see. */
            name?: string | null;
        };
        /** @description A user as they see themselves. */
        ProfileView: {
            /** @description The URL of their picture, or of their initials. */
            avatar: string;
            created_at: string;
            id: string;
            /** @description Language tag. */
            language?: string | null;
            name: string;
            past_trips: components["schemas"]["PastTrip"][];
            /**
             * Format: double
             * @description 0 without reviews.
             */
            rating: number;
            reviews: components["schemas"]["ReviewView"][];
            /** Format: int64 */
            reviews_count: number;
            /** @description `user`, `viewer`, `dispatcher` or `admin`. */
            role: components["schemas"]["Role"];
            /** Format: int64 */
            telegram_id?: number | null;
            /**
             * Format: int64
             * @description Packages carried to a confirmed end.
             */
            trips_count: number;
            /** @description Telegram name, without `@`. */
            username?: string | null;
            /** @description Whether a reviewer has seen a document that shows who they are. */
            verified: boolean;
        };
        /** @description A document that waits. */
        QueuedDocument: {
            created_at: string;
            id: string;
            /** @description `image/jpeg` or `application/pdf`. */
            media_type: components["schemas"]["DocumentMediaType"];
            /** Format: int64 */
            size_bytes: number;
            user_id: string;
            user_name: string;
        };
        /** @description A withdrawal that waits. */
        QueuedWithdrawal: {
            /**
             * Format: double
             * @description How much is to be paid out, roubles.
             */
            amount: number;
            /** @description The first of them, if one has. */
            approved_by?: string | null;
            created_at: string;
            id: string;
            /** @description Where to, as far as it is shown: `details` tells all of it. */
            method: string;
            /** @description Whether two operators have to agree. */
            needs_two: boolean;
            /** @description It is not paid before: its owner has named another place for it. */
            payable_from: string;
            user_id: string;
        };
        /** @description When one does not want to be disturbed. What ends meanwhile is not told; the rest comes afterwards. */
        QuietHours: {
            /**
             * @description `HH:MM`.
             * @example 23:00
             */
            from: string;
            /**
             * @description `HH:MM`; of the next day if it is not later.
             * @example 08:00
             */
            to: string;
            /**
             * @description IANA time zone.
             * @example Europe/Moscow
             */
            zone: string;
        };
        /** @description How far one has read. */
        ReadUpTo: {
            /**
             * Format: int64
             * @description The number of the last message that one has read. Less than before changes nothing.
             */
            up_to: number;
        };
        /** @description Whether to send requests here. */
        Readiness: {
            ready: boolean;
            /** @description Why not. */
            reasons: string[];
        };
        /** @description How the books agree with one provider's list. */
        Reconciliation: {
            /** @description When that was looked at. */
            at: string;
            /**
             * Format: int64
             * @description Charges in the list.
             */
            compared: number;
            /**
             * Format: int64
             * @description Charges that do not agree: while there are any, no money goes out.
             */
            differences: number;
            /** @description The first of them, one sentence each. */
            examples: string[];
            method: components["schemas"]["PayInMethod"];
            /** @description What was charged from then on. */
            since: string;
            /** @description What was charged before. */
            until: string;
        };
        /** @description How the books agree with providers' lists. */
        Reconciliations: {
            reconciliations: components["schemas"]["Reconciliation"][];
        };
        /** @description Redis. */
        RedisHealth: {
            /** @description `ok`, `down` or `not_configured`. */
            status: components["schemas"]["RedisStatus"];
        };
        /**
         * @description How Redis is.
         * @enum {string}
         */
        RedisStatus: "ok" | "down" | "not_configured";
        /** @description A refresh token. */
        RefreshSession: {
            /** @description As it was handed out. */
            refresh_token: string;
        };
        /**
         * @description Out of whose pocket a refund is.
         * @enum {string}
         */
        RefundCost: "payer" | "platform";
        /** @description Money to give back. */
        RefundPayment: {
            /**
             * Format: double
             * @description How much, in the currency of the payment; all that is left if it is not said.
             */
            amount?: number | null;
            /** @description Of which charge; of the oldest that has enough if it is not said. */
            charge_id?: string | null;
            cost?: components["schemas"]["RefundCost"] | null;
            /** @description Why. */
            reason: string;
        };
        /**
         * @description Where a refund stands.
         * @enum {string}
         */
        RefundState: "asked" | "done" | "refused";
        /** @description When a region takes orders on a day of the week. */
        RegionHours: {
            /**
             * Format: int32
             * @description 1 is Monday, 7 is Sunday.
             */
            day: number;
            /** @description `HH:MM` in the region's time. */
            from: string;
            /** @description `HH:MM`; before `from` it is on the next day. */
            to: string;
        };
        /** @description A region, or what is changed of one. */
        RegionInput: {
            /** Format: double */
            center_lat?: number | null;
            /** Format: double */
            center_lon?: number | null;
            /** @description The city that it belongs to. */
            city_id?: string | null;
            /** @description When it takes orders; empty for always. */
            opening_hours?: components["schemas"]["RegionHours"][] | null;
            /** @description The corners of its border, latitude first; an empty list takes it away. */
            polygon_coordinates?: number[][] | null;
            /**
             * Format: int32
             * @description Of several that contain a pickup, that of the highest priority has it.
             */
            priority?: number | null;
            /**
             * Format: int32
             * @description How far around its centre it serves; 15 km if absent.
             */
            service_radius_meters?: number | null;
            title?: string | null;
        };
        /** @description A region by its name. */
        RegionName: {
            id: string;
            title: string;
        };
        /** @description How much there is in a region. */
        RegionStats: {
            /**
             * Format: int64
             * @description Orders that are not over.
             */
            active_orders: number;
            /** Format: int64 */
            drivers: number;
            /** Format: int64 */
            passengers: number;
            region_id: string;
            region_title: string;
            /** Format: int64 */
            total_orders: number;
        };
        /** @description A region. */
        RegionView: {
            center: components["schemas"]["GeoPoint"];
            /** Format: double */
            center_lat: number;
            /** Format: double */
            center_lon: number;
            city: components["schemas"]["CityView"];
            id: string;
            /** @description When it takes orders; empty for always. */
            opening_hours: components["schemas"]["RegionHours"][];
            /** @description The corners of its border, latitude first; empty if it was not drawn. */
            polygon_coordinates: number[][];
            /**
             * Format: int32
             * @description Of several that contain a pickup, that of the highest priority has it.
             */
            priority: number;
            /**
             * Format: int32
             * @description How far around its centre it serves.
             */
            service_radius_meters: number;
            title: string;
        };
        /** @description Who wants to register. */
        Register: {
            /** @description What others will see, if the number is new. */
            display_name: string;
            /** @example +7 900 123-45-67 */
            phone: string;
        };
        /** @description The money goes back. */
        RejectWithdrawal: {
            /** @description Why. */
            reason: string;
        };
        /** @description Somebody on duty who cannot take an order. */
        RejectedCandidate: {
            /**
             * Format: double
             * @description How far they are, kilometres of road, if that is known.
             */
            distance_km?: number | null;
            /** Format: int64 */
            driver_id: number;
            /** @description The reason in a sentence. */
            message: string;
            name: string;
            /** @description The reason in one word. */
            reason: string;
        };
        /** @description Why one reports somebody. */
        ReportChat: {
            /** @description The message that it is about, if it is about one. */
            message_id?: string | null;
            /** @description In one's own words, at most 2 000 characters. */
            reason: string;
        };
        /** @description It is decided. */
        ReportDecided: {
            success: boolean;
        };
        /**
         * @description What an operator has decided.
         * @enum {string}
         */
        ReportDecision: "dismissed" | "upheld";
        /** @description Names a report. */
        ReportName: {
            report_id: string;
        };
        /** @description Why one objects to a post. */
        ReportPost: {
            /** @description In one's own words, at most 2 000 characters. */
            reason: string;
        };
        /** @description A charge as its provider sees it. */
        ReportedCharge: {
            /**
             * Format: int64
             * @description How much, in minor units.
             */
            amount_minor: number;
            /** @description What it is called there, unique. */
            charge_id: string;
            /**
             * Format: int64
             * @description How much a bank has taken back, in minor units.
             */
            charged_back_minor?: number;
            /** @description In which currency. */
            currency: components["schemas"]["Currency"];
            /** @description Everything that went back, or was to. */
            refunds?: components["schemas"]["ReportedRefund"][];
        };
        /** @description A post to which somebody objects. */
        ReportedPost: {
            post: components["schemas"]["Post"];
            /** @description The first 20 of them. */
            reasons: components["schemas"]["PostObjection"][];
            /**
             * Format: int64
             * @description How many people object.
             */
            reports: number;
        };
        /** @description A refund as its provider sees it. */
        ReportedRefund: {
            /**
             * Format: int64
             * @description How much, in minor units.
             */
            amount_minor: number;
            /** @description The key that we have asked with, or what it is called there. */
            refund_id: string;
            /** @description What became of it. */
            status: components["schemas"]["ReportedRefundStatus"];
        };
        /**
         * @description What became of a refund at its provider.
         * @enum {string}
         */
        ReportedRefundStatus: "pending" | "done" | "refused";
        /**
         * @description Where a payment stands at its provider.
         * @enum {string}
         */
        ReportedStatus: "pending" | "paid" | "failed";
        /** @description The last hour by minute. */
        RequestChart: {
            /** @description Oldest first; minutes without requests are left out. */
            points: components["schemas"]["RequestsInMinute"][];
        };
        /** @description Whose phone a code is to go to. */
        RequestCode: {
            /** @example +7 900 123-45-67 */
            phone: string;
        };
        /**
         * Format: uuid
         * @description A proposal joining one package and one trip.
         */
        RequestId: string;
        /**
         * @description Where a request stands.
         * @enum {string}
         */
        RequestState: "pending" | "agreed" | "accepted" | "picked_up" | "delivered" | "confirmed" | "declined" | "expired" | "withdrawn" | "taken" | "cancelled" | "disputed";
        /** @description The last hour in a few numbers. */
        RequestStats: {
            /** @description Of these: refused. */
            client_errors: number;
            /** Format: double */
            p50_ms: number;
            /** Format: double */
            p95_ms: number;
            /** Format: double */
            p99_ms: number;
            /** @description Requests in the last hour, as far as remembered. */
            requests: number;
            /** @description Of these: failed. */
            server_errors: number;
        };
        /**
         * @description Where a request stands, in the Mini App's words.
         * @enum {string}
         */
        RequestStatus: "pending" | "accepted" | "delivered" | "confirmed" | "declined";
        /** @description A step was taken, or had been taken before. */
        RequestStep: {
            balance_update?: components["schemas"]["BalanceUpdate"] | null;
            /** @description The state of the request now. */
            new_status: components["schemas"]["RequestState"];
            success: boolean;
        };
        /** @description The last hour by route. */
        RequestsByEndpoint: {
            /** @description The busiest first. */
            endpoints: components["schemas"]["EndpointStats"][];
        };
        /** @description A minute. */
        RequestsInMinute: components["schemas"]["RequestStats"] & {
            /** @description Its beginning. */
            minute: string;
        };
        /** @description A response was made. */
        ResponseMade: components["schemas"]["Times"] & {
            /** @description What was not said and had to be decided. */
            notes: components["schemas"]["NoteView"][];
            response_id: string;
            success: boolean;
            /** @description The trip that would carry it. */
            trip_id: string;
        };
        /**
         * @description Where a courier's part in a package stands, in the Mini App's words.
         * @enum {string}
         */
        ResponseStatus: "pending" | "accepted" | "selected" | "declined";
        /** @description A courier's part in a package, in both spellings. */
        ResponseView: components["schemas"]["Times"] & {
            airport: string;
            /** @description The courier's words: with a response, or with a no. */
            comment: string;
            /** @deprecated */
            courierAvatar: string;
            /** @deprecated */
            courierId: string;
            /** @deprecated */
            courierName: string;
            /**
             * Format: double
             * @deprecated
             */
            courierRating: number;
            courier_avatar: string;
            courier_id: string;
            courier_name: string;
            /** Format: double */
            courier_rating: number;
            id: string;
            /** @deprecated */
            isNew: boolean;
            is_new: boolean;
            /** @description The sender's words. */
            message: string;
            /** Format: double */
            price: number;
            /** @description Our own finer state. */
            state: components["schemas"]["RequestState"];
            /** @description `pending`, `accepted`, `selected` or `declined`. */
            status: components["schemas"]["ResponseStatus"];
            /** @deprecated */
            telegramUsername: string;
            telegram_username: string;
            timestamp: string;
            trip_id: string;
        };
        /** @description The responses to a package. */
        Responses: {
            /** @description Oldest first. */
            responses: components["schemas"]["ResponseView"][];
        };
        /** @description It is kept. */
        ReviewKept: {
            success: boolean;
        };
        /** @description What somebody says. */
        ReviewView: {
            /**
             * Format: date-time
             * @description The same, an instant.
             */
            at: string;
            /** @description When it was said, `YYYY-MM-DD`, UTC. */
            date: string;
            /** @description Who says it. */
            name: string;
            /** Format: int32 */
            rating: number;
            text: string;
        };
        /** @description How far a reward reaches. */
        RewardReach: {
            /**
             * Format: int32
             * @description The chance that one of the first who are asked accepts, percent.
             */
            chance_percent: number;
            /** @description Couriers who would see the package. */
            couriers: number;
            /**
             * Format: double
             * @description Of their best plans.
             */
            median_detour_km?: number | null;
            /**
             * Format: int32
             * @description Of their best plans.
             */
            median_detour_min?: number | null;
            /**
             * Format: double
             * @description The reward, roubles.
             */
            reward: number;
        };
        /** @description An order that was called off, and what that costs. */
        RideCancelled: {
            /** Format: double */
            cancel_fee: number;
            cancel_fee_details?: components["schemas"]["CancelFeeView"] | null;
            order: components["schemas"]["OrderView"];
        };
        /** @description What a ride would cost. */
        RideQuote: {
            details: components["schemas"]["OrderPriceParts"];
            /** Format: double */
            distance_km: number;
            /** Format: double */
            duration_minutes: number;
            /** Format: double */
            estimated_price: number;
            /** Format: double */
            surge_multiplier: number;
        };
        /** @description Where an order stands. */
        RideStatus: {
            order_id: string;
            status: components["schemas"]["OrderState"];
            updated_at: string;
            /** @description What may follow. */
            valid_transitions: components["schemas"]["OrderState"][];
        };
        /**
         * @description What a user may do.
         * @enum {string}
         */
        Role: "user" | "viewer" | "dispatcher" | "admin";
        /** @description A way. */
        RouteView: {
            /** Format: double */
            distance_km: number;
            /** Format: int32 */
            distance_m: number;
            /** Format: double */
            duration_minutes: number;
            /** Format: int32 */
            duration_seconds: number;
            /** @description When somebody who sets out now is there. */
            eta: string;
            /** @description Its points, latitude first: its ends, as no routing service is asked. */
            route: number[][];
        };
        /** @description Somebody who can take an order, with what they cost it. */
        ScoredCandidate: {
            /** Format: int32 */
            capacity: number;
            car_model: string;
            /**
             * Format: double
             * @description The lowest is the best.
             */
            cost_score: number;
            details: components["schemas"]["CandidateCost"];
            /** Format: double */
            distance_km: number;
            /** Format: int64 */
            driver_id: number;
            /** Format: int32 */
            eta_seconds: number;
            is_online: boolean;
            name: string;
            region_id: string;
        };
        /** @description Who can take an order, the best first. */
        ScoredCandidates: {
            candidates: components["schemas"]["ScoredCandidate"][];
            count: number;
            order_id: string;
        };
        /** @description What the authenticator shows, or a recovery code. */
        SecondFactorCode: {
            code: string;
        };
        /**
         * @description What becomes of an operator's rights in a session.
         * @enum {string}
         */
        SecondFactorNeed: "show" | "set_up";
        /** @description An access token with the operator's rights. The refresh token stays. */
        SecondFactorShown: {
            access_token: string;
            /** @description For the device to keep and to send with the next sign-in, as after a sign-in. */
            device_token: string;
            /**
             * Format: int32
             * @description How long it is good, in seconds.
             */
            expires_in: number;
            /** @description `viewer`, `dispatcher` or `admin`. */
            role: components["schemas"]["Role"];
        };
        /** @description Which response is chosen. */
        SelectCourier: {
            response_id: string;
        };
        /** @description What one wants to say. */
        SendMessage: {
            chat_id: string;
            /** @description What one's device calls the message, 1 to 64 characters: sent again, it is the same message, and the answer is the original one. Without it an `Idempotency-Key` serves. */
            client_msg_id?: string | null;
            /** @description At most 1 000 characters. May be empty beside a picture. */
            content?: string | null;
            /** @description A picture that was sent before, to `/api/chats/{chat_id}/pictures`. */
            picture_id?: string | null;
        };
        /** @description What a sender asks a courier, in any of three spellings: an existing package, a new one, or flat. */
        SendPackage: {
            /** @description Whether `package_data` describes a new package. */
            is_new_package?: boolean;
            /** @description Words to the courier. */
            message?: string | null;
            /**
             * @deprecated
             * @description Flat spelling: what the new package is.
             */
            packageDescription?: string | null;
            package_data?: components["schemas"]["NewPackage"] | null;
            /** @description An existing package. */
            package_id?: string | null;
            /**
             * Format: double
             * @deprecated
             * @description Flat spelling: the reward of a new package, roubles.
             */
            reward?: number | null;
        };
        /** @description A sign-in on a device. */
        SessionView: {
            created_at: string;
            /** @description What the device calls itself. */
            device: string;
            id: string;
            /** @description Whether it is the one that asks. */
            is_current: boolean;
            last_seen_at: string;
        };
        /** @description Where one is signed in. */
        Sessions: {
            /** @description Latest first. */
            sessions: components["schemas"]["SessionView"][];
        };
        /** @description Tokens of a signed-in user. */
        SignedIn: {
            /** @description For the `Authorization` header. */
            access_token: string;
            /** @description For the device to keep, for half a year, and to send with the next sign-in by phone or password: guesses of strangers then keep nobody waiting. It opens nothing by itself. */
            device_token?: string | null;
            /**
             * Format: int32
             * @description How long the access token is good, in seconds.
             */
            expires_in: number;
            /** @description Whether this is the first time. */
            is_new: boolean;
            /** @description For another access token, once. */
            refresh_token: string;
            second_factor?: components["schemas"]["SecondFactorNeed"] | null;
            /** @description The person who has signed in. */
            user: components["schemas"]["UserView"];
        };
        /** @description Tokens of somebody who has signed in by phone, and what they are to the dispatch in town. */
        SignedInByPhone: components["schemas"]["SignedIn"] & {
            /** @description The same as `access_token`. */
            access: string;
            driver?: components["schemas"]["TownPerson"] | null;
            /** Format: int64 */
            driver_id?: number | null;
            passenger?: components["schemas"]["TownPerson"] | null;
            /** Format: int64 */
            passenger_id?: number | null;
            /** @description The same as `refresh_token`. */
            refresh: string;
            /** @description As what they are known to the dispatch: driver or passenger; else as in `user`. */
            role: string;
        };
        /** @description Somebody is signed out. */
        SignedOut: {
            success: boolean;
        };
        /** @description Somebody is signed out here. */
        SignedOutHere: {
            message: string;
            success: boolean;
        };
        /**
         * @description How large a package is, in the words of the Mini App.
         * @enum {string}
         */
        SizeClass: "xs" | "s" | "m" | "l";
        /** @description A courier is asked. */
        SmartAssignment: {
            /**
             * Format: double
             * @description What the courier costs: the lowest of all.
             */
            cost_score: number;
            details?: components["schemas"]["CandidateCost"] | null;
            /** Format: int64 */
            driver_id: number;
            driver_name: string;
            /** Format: int32 */
            eta_seconds: number;
            /** @description Until when the courier may answer. */
            expires_at: string;
            offer_id: string;
            success: boolean;
        };
        /** @description How the sockets of the dispatch are. */
        SocketHealth: {
            /** @description Whether the dispatch runs here. */
            dispatch: boolean;
            /** @description Couriers on duty whose position is known here. */
            located_drivers: number;
            /** @description What to do about what is not well, for people; empty if all is. */
            recommendations: string[];
            /** @description How the nodes hear of each other: `ok`, `down`, or `not_configured` for a node that is alone. */
            redis: components["schemas"]["RedisStatus"];
            /** @description Sockets of this node by what they show: `map`, `order`, `driver`, `passenger`, `test`. */
            sockets: {
                [key: string]: number;
            };
            /** @description `ok` or `degraded`. */
            status: components["schemas"]["HealthStatus"];
            timestamp: string;
        };
        /** @description A ticket for one socket. */
        SocketTicket: {
            /**
             * Format: int32
             * @description How long it is good, seconds.
             */
            expires_in: number;
            /** @description Goes into the address of the socket: `/ws?ticket=..`. */
            ticket: string;
        };
        /**
         * @description Of what a statement is made.
         * @enum {string}
         */
        StatementFormat: "csv" | "xlsx";
        /** @description A place of a route, and when the courier is there. */
        StopView: {
            /**
             * Format: date-time
             * @description Arrival, an instant.
             */
            arrives_at: string;
            /** @description ISO 3166 code of its country; empty for a place that is known no more. */
            country: string;
            /** @description Arrival, `YYYY-MM-DD`, local date of the stop. At the first stop the departure. */
            date: string;
            /**
             * Format: date-time
             * @description Departure, an instant.
             */
            departs_at: string;
            /**
             * Format: double
             * @description Where exactly: degrees north,
             */
            lat: number;
            /**
             * Format: double
             * @description and degrees east.
             */
            lon: number;
            /** @description Its name. */
            name: string;
            /** @description The same in English. */
            name_en: string;
            /** @description The same in Russian. */
            name_ru: string;
            /** @description The gazetteer's id. */
            place_id: string;
            /** @description The region it lies in; absent if that is not known. */
            region?: string | null;
            /** @description Arrival, `HH:MM`, local time of the stop. At the first stop the departure. */
            time: string;
            /** @description IANA time zone of the stop. */
            tz: string;
        };
        /** @description A position in one's own stream. */
        StreamPosition: {
            /**
             * Format: int64
             * @description Which history.
             */
            epoch: number;
            /**
             * Format: int64
             * @description The last event that the state has in it.
             */
            seq: number;
        };
        /** @description A standing question. */
        Subscription: {
            created_at: string;
            /** @description English name. */
            from_en: string;
            /** @description Russian name of where the way begins. */
            from_ru: string;
            /** @description What happens before is of no interest. */
            since: string;
            subscription_id: string;
            to_en: string;
            to_ru: string;
            /** @description When it is over. */
            until: string;
            wanted: components["schemas"]["Wanted"];
        };
        /** @description It stands no longer. */
        SubscriptionEnded: {
            success: boolean;
        };
        /** @description One's standing questions. */
        Subscriptions: {
            /** @description Newest first. */
            subscriptions: components["schemas"]["Subscription"][];
        };
        /** @description A payment that would cover what is missing: the body of `POST /api/payments`. */
        SuggestedPayment: {
            /**
             * Format: double
             * @description Roubles.
             */
            amount: number;
            /** @description One of these. */
            methods: components["schemas"]["PayInMethod"][];
            purpose: string;
        };
        /** @description Where things stand. Of more than 200 packages or trips those that are under way are here, and the newest of the others. */
        SyncState: {
            /** @description The open offers of the engine, newest first: each as `offer.new` has told it, so that the same card can be drawn. */
            offers: components["schemas"]["Offer"][];
            /** @description One's own packages with their requests. */
            packages: components["schemas"]["PackageView"][];
            /** @description Taken before the state was read. Events up to it are in the state; those after it may be, and are applied again. */
            position: components["schemas"]["StreamPosition"];
            /** @description Requests and offers on one's own live trips. */
            requests: components["schemas"]["TripRequestView"][];
            /**
             * Format: date-time
             * @description Now, by the server's clock.
             */
            server_time: string;
            /** @description One's own trips. */
            trips: components["schemas"]["TripView"][];
        };
        /** @description One's picture now. */
        TalkAvatarSet: {
            avatar_url: string;
            success: boolean;
        };
        /** @description What one changes about oneself; what is absent stays. */
        TalkProfileChange: {
            /** @description At most 500 characters. */
            bio?: string | null;
            /** @description What others see. */
            display_name?: string | null;
            /** @description A username of one's own: 4 to 30 small Latin letters, digits and underscores, a letter first. */
            username?: string | null;
        };
        /** @description Somebody to talk to. */
        TalkUser: {
            /** @description The URL of their picture, or of their initials. */
            avatar_url: string;
            /** @description What they say about themselves. */
            bio?: string | null;
            display_name: string;
            id: string;
            /** @description When they were last here, to a quarter of an hour; now, while they are. */
            last_seen?: string | null;
            /** @description Theirs alone; changeable. */
            username: string;
        };
        /** @description A tariff, or what a new version of it changes. Kopecks and percent. */
        TariffInput: {
            /**
             * Format: int64
             * @description For being driven at all.
             */
            base_minor?: number | null;
            /**
             * Format: int64
             * @description For the booking.
             */
            booking_minor?: number | null;
            /**
             * Format: int64
             * @description What calling off costs while the courier has not set out.
             */
            cancel_minor?: number | null;
            /**
             * Format: int64
             * @description For a companion.
             */
            companion_minor?: number | null;
            /**
             * Format: int64
             * @description For a kilometre.
             */
            km_minor?: number | null;
            /**
             * Format: int64
             * @description What it costs later, beside the waiting.
             */
            late_cancel_minor?: number | null;
            /**
             * Format: int64
             * @description Base, way and time cost no less than this.
             */
            least_minor?: number | null;
            /**
             * Format: int64
             * @description For a minute of the ride.
             */
            minute_minor?: number | null;
            /** Format: int32 */
            night_percent?: number | null;
            valid_from?: components["schemas"]["Instant"] | null;
            /**
             * Format: int64
             * @description For a minute of waiting beyond the free ones.
             */
            waiting_minor?: number | null;
            /** Format: int32 */
            weekend_percent?: number | null;
        };
        /** @description A version of a region's tariff. Kopecks and percent. */
        TariffView: {
            /** Format: int64 */
            base_minor: number;
            /** Format: int64 */
            booking_minor: number;
            /** Format: int64 */
            cancel_minor: number;
            /** Format: int64 */
            companion_minor: number;
            /** Format: int64 */
            km_minor: number;
            /** Format: int64 */
            late_cancel_minor: number;
            /** Format: int64 */
            least_minor: number;
            /** Format: int64 */
            minute_minor: number;
            /** Format: int32 */
            night_percent: number;
            region_id: string;
            valid_from: components["schemas"]["Instant"];
            /** Format: int32 */
            version: number;
            /** Format: int64 */
            waiting_minor: number;
            /** Format: int32 */
            weekend_percent: number;
        };
        /** @description What Telegram hands to the Mini App. */
        TelegramSignIn: {
            /** @description The signed query string. */
            init_data: string;
        };
        /** @description A message to try it out. */
        TestMessage: {
            /**
             * Format: int64
             * @description The Telegram account that gets it: it has started the bot.
             */
            chat_id: number;
        };
        /** @description When somebody leaves one place and gets to another, as tickets print it, with instants and zones. */
        Times: {
            /** @description Arrival, `YYYY-MM-DD`, local date of the destination. */
            arrival_date: string;
            /**
             * Format: date-time
             * @description Arrival, an instant.
             */
            arrives_at: string;
            /** @description Departure, `YYYY-MM-DD`, local date of the origin. */
            date: string;
            /**
             * Format: date-time
             * @description Departure, an instant.
             */
            departs_at: string;
            /** @description IANA time zone of the origin. */
            from_tz: string;
            /** @description `HH:MM → HH:MM`: departure in the origin's local time, arrival in the destination's. */
            time: string;
            /** @description IANA time zone of the destination. */
            to_tz: string;
        };
        /**
         * @description What has become of an offer.
         * @enum {string}
         */
        TownOfferState: "pending" | "accepted" | "declined" | "expired" | "withdrawn";
        /** @description Somebody of the dispatch in town. */
        TownPerson: {
            /**
             * Format: int64
             * @description Their number.
             */
            id: number;
            name: string;
        };
        /** @description The person behind a courier or a passenger. */
        TownUser: {
            /** @description Empty where it is not known. */
            email: string;
            /**
             * Format: int64
             * @description Their number.
             */
            id: number;
            phone: string;
            /** @description Their Telegram name, or their phone. */
            username: string;
        };
        /** @description Where a package is, for anybody who has the link. */
        TrackedPackage: {
            /** @description What the receiver shows to the courier: six digits, while a package that asks for codes is on its way. */
            code?: string | null;
            /** @description The first name of the courier, once there is one. */
            courier_name?: string | null;
            /** @description When the courier is expected, local time of the destination: `YYYY-MM-DD HH:MM`. */
            expected?: string | null;
            /**
             * Format: date-time
             * @description The same, an instant.
             */
            expected_at?: string | null;
            from: string;
            /** @description When the state was entered. */
            since?: string | null;
            /** @description `open`, `assigned`, `in_transit`, `delivered`, `confirmed` or `cancelled`. */
            state: components["schemas"]["PackageState"];
            to: string;
            /** @description IANA time zone of the destination. */
            to_tz: string;
        };
        /** @description A link. */
        TrackingLink: {
            expires_at: string;
            /** @description The same as data. */
            json_path: string;
            /** @description To open in a browser; under the server's own address. */
            path: string;
        };
        /**
         * @description Where a movement of money stands.
         * @enum {string}
         */
        TransactionStatus: "completed" | "pending" | "rejected";
        /**
         * @description What kind of movement of money.
         * @enum {string}
         */
        TransactionType: "fund" | "hold" | "deliver" | "dispute" | "release" | "fee" | "refund" | "split_courier" | "split_sender" | "reserve" | "unreserve" | "hold_reserved" | "payment" | "payment_refund" | "charge_back" | "withdrawal";
        /** @description A movement. */
        TransactionView: {
            /**
             * Format: double
             * @description Roubles; negative when it went away.
             */
            amount: number;
            date: string;
            /** @description What the package is, or where withdrawn money goes. */
            description: string;
            id: string;
            /** @description `completed`; `pending` for money on its way out that no operator has sent yet, `rejected` for money that was to go out and came back, which is a movement of its own. */
            status: components["schemas"]["TransactionStatus"];
            /** @description What kind of movement. */
            type: components["schemas"]["TransactionType"];
        };
        /**
         * @description How the courier travels.
         * @enum {string}
         */
        Transport: "plane" | "train" | "car" | "bus" | "foot";
        /** @description A trip was called off. */
        TripCancelled: {
            job?: components["schemas"]["JobView"] | null;
            /** @description `cancelled`. */
            state: components["schemas"]["TripState"];
            success: boolean;
        };
        /**
         * Format: uuid
         * @description A published journey.
         */
        TripId: string;
        /** @description A trip was published. */
        TripPublished: components["schemas"]["Times"] & {
            /** @description What was not said and had to be decided. */
            notes: components["schemas"]["NoteView"][];
            /** @description Always true. */
            success: boolean;
            /** @description Its id. */
            trip_id: string;
        };
        /** @description A request as the courier sees it. */
        TripRequestView: {
            decline_reason?: string | null;
            /** @description The address of the delivery, likewise. */
            delivery_address: string;
            /** @description Where it gets off. */
            delivery_location: string;
            /** @description Where it gets off, and when that is planned. */
            dropoff: components["schemas"]["HandOverView"];
            /** @description When an offer ends at the latest. */
            expires_at?: string | null;
            /** @description Whether it changes hands with codes only. */
            hand_over_codes: boolean;
            id: string;
            is_new: boolean;
            message: string;
            /** @description Who started it: `sender`, `courier` or `engine`. */
            origin: components["schemas"]["Origin"];
            package_description: string;
            package_id: string;
            /**
             * Format: double
             * @description What the courier gets of it, the platform's fee taken off.
             */
            payout: number;
            /** @description Where it gets on, and when that is planned. */
            pickup: components["schemas"]["HandOverView"];
            /** @description The address of the pickup, in the sender's words; empty before there is a deal. */
            pickup_address: string;
            /** @description Where it gets on, in words; with the address once there is a deal. */
            pickup_location: string;
            /** Format: double */
            reward: number;
            sender_avatar: string;
            sender_name: string;
            sender_telegram: string;
            /** @description Our own finer state. */
            state: components["schemas"]["RequestState"];
            /** @description `pending`, `accepted`, `delivered`, `confirmed` or `declined`. */
            status: components["schemas"]["RequestStatus"];
            timestamp: string;
            trip_id: string;
        };
        /** @description The requests of a trip. */
        TripRequestsView: {
            /** @description Newest first. */
            requests: components["schemas"]["TripRequestView"][];
        };
        /**
         * @description Where a trip stands.
         * @enum {string}
         */
        TripState: "active" | "in_progress" | "completed" | "cancelled";
        /** @description What was found about one trip. */
        TripVerdict: {
            /** @description Whether its courier has been asked. */
            asked?: boolean | null;
            /** Format: int32 */
            capacity_left_g?: number | null;
            /** @description Whether the package rides this trip. */
            carries: boolean;
            courier_name: string;
            /** Format: int32 */
            detour_min?: number | null;
            /** @description Whether the trip could carry the package. */
            fits: boolean;
            /**
             * Format: date-time
             * @description With `room_is_dear`: until when its room is kept from the package at the latest.
             */
            kept_until?: string | null;
            /** Format: int32 */
            leg_from?: number | null;
            /** Format: int32 */
            leg_to?: number | null;
            rank?: number | null;
            /** @description Why not: a stable code. */
            reason?: string | null;
            /**
             * Format: double
             * @description For operators only.
             */
            score?: number | null;
            /** @description Why this courier has the package, or has not, in words, English. */
            text_en: string;
            /** @description The same, Russian. */
            text_ru: string;
            trip_id: string;
        };
        /** @description A trip with its courier's profile folded in, as the Mini App shows it. */
        TripView: components["schemas"]["Times"] & {
            /** @description Airport or station; empty if none. */
            airport: string;
            /** @description The URL of the courier's picture, or of their initials. */
            avatar: string;
            /** @description Room left on each leg, grams. */
            capacity_left_g: number[];
            /** @description Origin. */
            from: string;
            /** @description Origin, with its id, its names and its time zone. */
            from_place: components["schemas"]["PlaceAround"];
            /** @description The trip's id. */
            id: string;
            /** @description The same with when the courier is there. */
            itinerary: components["schemas"]["StopView"][];
            /** @description The courier's name. */
            name: string;
            /**
             * Format: double
             * @description What the courier asks per parcel, roubles.
             */
            price: number;
            /**
             * Format: double
             * @description The courier's rating.
             */
            rating: number;
            /**
             * Format: int64
             * @description How many reviews it is made of.
             */
            reviews_count: number;
            /** @description `active`, `in_progress`, `completed` or `cancelled`. */
            state: components["schemas"]["TripState"];
            /** @description The places of the route, in order. */
            stops: string[];
            /** @description Destination. */
            to: string;
            /** @description Destination, likewise. */
            to_place: components["schemas"]["PlaceAround"];
            /** @description How the courier travels. */
            transport: components["schemas"]["Transport"];
            /**
             * @deprecated
             * @description The same in the other spelling.
             */
            tripComment: string;
            /** @description Words to senders. */
            trip_comment: string;
            /**
             * Format: int64
             * @description Packages the courier has carried to a confirmed end.
             */
            trips_count: number;
            /** @description Whether the courier has shown who they are. */
            verified: boolean;
            /**
             * Format: int64
             * @description Counts changes.
             */
            version: number;
        };
        /** @description What was said is kept. */
        UpdateTaken: {
            success: boolean;
        };
        /** @description A form with one file in it. Other parts are ignored. */
        UploadForm: {
            /**
             * Format: binary
             * @description The file. Its name and declared type do not count.
             */
            file: string;
        };
        /**
         * Format: uuid
         * @description A person, who acts as sender of packages and courier of trips.
         */
        UserId: string;
        /** @description A user as they see themselves. */
        UserView: {
            /** @description The URL of their picture, or of their initials. */
            avatar: string;
            /** @description Their id. */
            id: string;
            /** @description Language tag. */
            language?: string | null;
            /** @description Their name. */
            name: string;
            /** @description `user`, `viewer`, `dispatcher` or `admin`. */
            role: components["schemas"]["Role"];
            /**
             * Format: int64
             * @description Their Telegram account.
             */
            telegram_id?: number | null;
            /** @description Telegram name, without `@`. */
            username?: string | null;
        };
        /** @description The code that came. */
        VerifyCode: {
            /**
             * Format: uuid
             * @description As it came when the code was asked for. Without it the last code that reached the phone is meant.
             */
            challenge_id?: string | null;
            /** @description The digits; blanks and hyphens between them do not count. The last code that reached the phone is good, no matter who asked for it, and the challenge's own. */
            code: string;
            /** @description As it came with an earlier sign-in on this device. */
            device_token?: string | null;
            phone: string;
        };
        /** @description One's money. */
        Wallet: {
            balance: components["schemas"]["BalanceView"];
            /** @description Newest first. */
            transactions: components["schemas"]["TransactionView"][];
        };
        /**
         * @description What somebody wants to hear of.
         * @enum {string}
         */
        Wanted: "trips" | "packages";
        /** @description What Telegram says of the webhook. */
        WebhookInfo: {
            /** @description Which kinds of updates are sent. */
            allowed_updates: string[];
            /**
             * Format: int64
             * @description When that was, seconds since 1970.
             */
            last_error_date?: number | null;
            /** @description Why it did not the last time, if it did not. */
            last_error_message?: string | null;
            /**
             * Format: int64
             * @description Updates that Telegram has not got rid of.
             */
            pending_update_count: number;
            success: boolean;
            /** @description Where updates are sent; empty for nowhere. */
            url: string;
        };
        /**
         * @description How heavy a package is, in the words of the Mini App.
         * @enum {string}
         */
        WeightClass: "light" | "medium" | "heavy" | "very_heavy";
        /** @description Where somebody is. */
        Whereabouts: {
            /** Format: double */
            lat?: number;
            /** Format: double */
            lon?: number;
        };
        /** @description Who would call it off. */
        WhoCancels: {
            cancelled_by?: components["schemas"]["Canceller"] | null;
        };
        /** @description Why this courier: `on_route` (no extra way), `detour:+12min` (so much extra way), `room_left:9000g` (so much room is left afterwards), `early:26h` (so long before it has to be there). */
        Why: string;
        /** @description What was decided. */
        WithdrawalDecided: {
            /** @description `paid` or `rejected`; `approved` if another operator has to agree. */
            state: components["schemas"]["WithdrawalDecision"];
            success: boolean;
        };
        /**
         * @description What was decided about a withdrawal.
         * @enum {string}
         */
        WithdrawalDecision: "paid" | "approved" | "rejected";
        /** @description Where a withdrawal goes. */
        WithdrawalDetails: {
            /** @description In its owner's words; nothing if it was sealed with another key than the server's of today. */
            details?: string | null;
        };
        /** @description Money is on its way out. */
        WithdrawalMade: {
            /** @description An operator has decided by then. */
            estimated_completion: string;
            success: boolean;
            withdrawal_id: string;
        };
        /** @description Withdrawals that wait for an operator. */
        WithdrawalQueue: {
            /** @description Where the next page starts. */
            next_cursor?: string | null;
            /** @description Whether no money is to be sent now: the stored data are not in order, or cannot be looked at, and `pay` is refused. */
            payouts_frozen: boolean;
            /** @description Oldest first. */
            withdrawals: components["schemas"]["QueuedWithdrawal"][];
        };
    };
    responses: {
        /**
         * @description - `bad_request`: not understood: malformed, of another type, or with fields that are not known
         *     - `unauthorized`: nobody is signed in
         *     - `invalid_token`: the token is not ours, or its session has ended: sign in again
         *     - `token_expired`: the access token is too old: refresh it
         *     - `forbidden`: the caller's role, or the way things are set up, does not allow it
         *     - `origin_not_allowed`: the page is of an origin that is not in PEERPACK_ALLOWED_ORIGINS
         *     - `not_found`: not there, or nothing of the caller's
         *     - `method_not_allowed`: `Allow` says which methods there are
         *     - `too_slow`: the request took too long to arrive
         *     - `conflict`: somebody else changed it at the same moment: try again
         *     - `too_large`: the body is too large
         *     - `unsupported_media_type`: the body is of a type, or in an encoding, that is not read here
         *     - `invalid`: understood, but `fields` says what will not do
         *     - `upgrade_required`: this is a WebSocket
         *     - `too_many`: asked or guessed too often: again as `Retry-After` says
         *     - `internal`: a fault of ours; `request_id` finds it in the log
         *     - `unavailable`: something we need does not answer: again as `Retry-After` says
         *     - `busy`: too much is under way: again as `Retry-After` says
         */
        Otherwise: {
            headers: {
                /** @description After how many seconds to try again, if that may help. */
                "Retry-After"?: number;
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /** @enum {string} */
                    code?: "bad_request" | "unauthorized" | "invalid_token" | "token_expired" | "forbidden" | "origin_not_allowed" | "not_found" | "method_not_allowed" | "too_slow" | "conflict" | "too_large" | "unsupported_media_type" | "invalid" | "upgrade_required" | "too_many" | "internal" | "unavailable" | "busy";
                };
            };
        };
        /** @description - `bad_request`: not understood: malformed, of another type, or with fields that are not known */
        Status400: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /** @enum {string} */
                    code?: "bad_request";
                };
            };
        };
        /**
         * @description - `unauthorized`: nobody is signed in
         *     - `invalid_token`: the token is not ours, or its session has ended: sign in again
         *     - `token_expired`: the access token is too old: refresh it
         */
        Status401: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /** @enum {string} */
                    code?: "unauthorized" | "invalid_token" | "token_expired";
                };
            };
        };
        /**
         * @description - `forbidden`: the caller's role, or the way things are set up, does not allow it
         *     - `origin_not_allowed`: the page is of an origin that is not in PEERPACK_ALLOWED_ORIGINS
         */
        Status403: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /** @enum {string} */
                    code?: "forbidden" | "origin_not_allowed";
                };
            };
        };
        /** @description - `not_found`: not there, or nothing of the caller's */
        Status404: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /** @enum {string} */
                    code?: "not_found";
                };
            };
        };
        /** @description - `conflict`: somebody else changed it at the same moment: try again */
        Status409: {
            headers: {
                /** @description After how many seconds to try again, if that may help. */
                "Retry-After"?: number;
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /** @enum {string} */
                    code?: "conflict";
                };
            };
        };
        /** @description - `too_large`: the body is too large */
        Status413: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /** @enum {string} */
                    code?: "too_large";
                };
            };
        };
        /** @description - `unsupported_media_type`: the body is of a type, or in an encoding, that is not read here */
        Status415: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /** @enum {string} */
                    code?: "unsupported_media_type";
                };
            };
        };
        /** @description - `invalid`: understood, but `fields` says what will not do */
        Status422: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /** @enum {string} */
                    code?: "invalid";
                };
            };
        };
        /** @description - `too_many`: asked or guessed too often: again as `Retry-After` says */
        Status429: {
            headers: {
                /** @description After how many seconds to try again, if that may help. */
                "Retry-After"?: number;
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /** @enum {string} */
                    code?: "too_many";
                };
            };
        };
        /**
         * @description - `unavailable`: something we need does not answer: again as `Retry-After` says
         *     - `busy`: too much is under way: again as `Retry-After` says
         */
        Status503: {
            headers: {
                /** @description After how many seconds to try again, if that may help. */
                "Retry-After"?: number;
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /** @enum {string} */
                    code?: "unavailable" | "busy";
                };
            };
        };
    };
    parameters: never;
    requestBodies: never;
    headers: never;
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    sign_in_with_telegram: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "init_data": "auth_date=1790000000&user=%7B%22id%22%3A42%2C%22first_name%22%3A%22Anna%22%7D&hash=c501b71e775f74ce10e377dea85a7ea24ecd640b223ea86dfe453e0eaed2e2b2"
                 *     }
                 */
                "application/json": components["schemas"]["TelegramSignIn"];
            };
        };
        responses: {
            /** @description Tokens of a signed-in user. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "access_token": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIuLi4ifQ.c2lnbmF0dXJl",
                     *       "expires_in": 900,
                     *       "is_new": true,
                     *       "refresh_token": "rt_00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff",
                     *       "user": {
                     *         "avatar": "/api/avatars/initials/2-A.svg",
                     *         "id": "01990000-0000-7000-8000-000000000001",
                     *         "language": "ru",
                     *         "name": "Anna",
                     *         "role": "user",
                     *         "telegram_id": 42,
                     *         "username": "anna"
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["SignedIn"];
                };
            };
            /** @description Bad Request. */
            400: components["responses"]["Status400"];
            /**
             * @description - `unauthorized`: nobody is signed in
             *     - `invalid_token`: the token is not ours, or its session has ended: sign in again
             *     - `token_expired`: the access token is too old: refresh it
             *     - `invalid_init_data`: the init data is malformed, or Telegram did not sign it for our bot
             *     - `stale_init_data`: the init data is too old, or was used: open the app again
             */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {string} */
                        code?: "unauthorized" | "invalid_token" | "token_expired" | "invalid_init_data" | "stale_init_data";
                    };
                };
            };
            /**
             * @description - `forbidden`: the caller's role, or the way things are set up, does not allow it
             *     - `origin_not_allowed`: the page is of an origin that is not in PEERPACK_ALLOWED_ORIGINS
             *     - `blocked`: the account is blocked
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {string} */
                        code?: "forbidden" | "origin_not_allowed" | "blocked";
                    };
                };
            };
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    send_phone_code: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "phone": "+7 900 123-45-67"
                 *     }
                 */
                "application/json": components["schemas"]["PhoneLogin"];
            };
        };
        responses: {
            /** @description A code is on its way, or there already. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "challenge_id": "01990000-0000-7000-8000-000000000002",
                     *       "digits": 6,
                     *       "expires_at": "2026-11-21T15:37:27.377Z",
                     *       "message": "Код отправлен",
                     *       "sent": true
                     *     }
                     */
                    "application/json": components["schemas"]["CodeSent"];
                };
            };
            /** @description Bad Request. */
            400: components["responses"]["Status400"];
            /** @description Forbidden. */
            403: components["responses"]["Status403"];
            /** @description Unprocessable Entity. */
            422: components["responses"]["Status422"];
            /** @description Too Many Requests. */
            429: components["responses"]["Status429"];
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    sign_in_with_phone_code: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "challenge_id": "01990000-0000-7000-8000-000000000002",
                 *       "code": "107483",
                 *       "phone": "+7 900 123-45-67"
                 *     }
                 */
                "application/json": components["schemas"]["VerifyCode"];
            };
        };
        responses: {
            /** @description Tokens of somebody who has signed in by phone, and what they are to the dispatch in town. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "access": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIuLi4ifQ.c2lnbmF0dXJl",
                     *       "access_token": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIuLi4ifQ.c2lnbmF0dXJl",
                     *       "driver": {
                     *         "id": 735190284,
                     *         "name": "Иван"
                     *       },
                     *       "driver_id": 735190284,
                     *       "expires_in": 900,
                     *       "is_new": true,
                     *       "refresh": "rt_00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff",
                     *       "refresh_token": "rt_00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff",
                     *       "role": "driver",
                     *       "user": {
                     *         "avatar": "/api/avatars/initials/7-I.svg",
                     *         "id": "01990000-0000-7000-8000-000000000003",
                     *         "language": null,
                     *         "name": "+… 4567",
                     *         "role": "user",
                     *         "telegram_id": null,
                     *         "username": null
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["SignedInByPhone"];
                };
            };
            /** @description Bad Request. */
            400: components["responses"]["Status400"];
            /**
             * @description - `unauthorized`: nobody is signed in
             *     - `invalid_token`: the token is not ours, or its session has ended: sign in again
             *     - `token_expired`: the access token is too old: refresh it
             *     - `invalid_code`: the code is wrong or no longer good
             */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {string} */
                        code?: "unauthorized" | "invalid_token" | "token_expired" | "invalid_code";
                    };
                };
            };
            /**
             * @description - `forbidden`: the caller's role, or the way things are set up, does not allow it
             *     - `origin_not_allowed`: the page is of an origin that is not in PEERPACK_ALLOWED_ORIGINS
             *     - `invalid_code`: the code is wrong or no longer good
             *     - `blocked`: the account is blocked
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {string} */
                        code?: "forbidden" | "origin_not_allowed" | "invalid_code" | "blocked";
                    };
                };
            };
            /** @description Unprocessable Entity. */
            422: components["responses"]["Status422"];
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    refresh_tokens: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "refresh_token": "rt_00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
                 *     }
                 */
                "application/json": components["schemas"]["RefreshSession"];
            };
        };
        responses: {
            /** @description Tokens of a signed-in user. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "access_token": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIuLi4ifQ.c2lnbmF0dXJl",
                     *       "expires_in": 900,
                     *       "is_new": false,
                     *       "refresh_token": "rt_00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff",
                     *       "user": {
                     *         "avatar": "/api/avatars/initials/4-O.svg",
                     *         "id": "01990000-0000-7000-8000-000000000004",
                     *         "language": "ru",
                     *         "name": "Oleg",
                     *         "role": "user",
                     *         "telegram_id": 44,
                     *         "username": "oleg"
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["SignedIn"];
                };
            };
            /** @description Bad Request. */
            400: components["responses"]["Status400"];
            /** @description Unauthorized. */
            401: components["responses"]["Status401"];
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    sign_out: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Somebody is signed out here. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "message": "You are signed out",
                     *       "success": true
                     *     }
                     */
                    "application/json": components["schemas"]["SignedOutHere"];
                };
            };
            /** @description Unauthorized. */
            401: components["responses"]["Status401"];
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    sign_out_everywhere: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Somebody is signed out. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "success": true
                     *     }
                     */
                    "application/json": components["schemas"]["SignedOut"];
                };
            };
            /** @description Unauthorized. */
            401: components["responses"]["Status401"];
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    my_sessions: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Where one is signed in. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "sessions": [
                     *         {
                     *           "created_at": "2026-11-21T15:32:26.968Z",
                     *           "device": "Mini App",
                     *           "id": "01990000-0000-7000-8000-000000000012",
                     *           "is_current": true,
                     *           "last_seen_at": "2026-11-21T15:32:26.968Z"
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["Sessions"];
                };
            };
            /** @description Unauthorized. */
            401: components["responses"]["Status401"];
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    end_session: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The session */
                session_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Somebody is signed out. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "success": true
                     *     }
                     */
                    "application/json": components["schemas"]["SignedOut"];
                };
            };
            /** @description Unauthorized. */
            401: components["responses"]["Status401"];
            /** @description Not Found. */
            404: components["responses"]["Status404"];
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    delete_account: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The account is going. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "restorable_until": "2026-11-28T15:32:30.464Z",
                     *       "success": true
                     *     }
                     */
                    "application/json": components["schemas"]["AccountDeleted"];
                };
            };
            /** @description Unauthorized. */
            401: components["responses"]["Status401"];
            /**
             * @description - `conflict`: somebody else changed it at the same moment: try again
             *     - `operator`: an administrator has to take the role away first
             *     - `open_deals`: a deal is still under way
             *     - `money_left`: there is money in the wallet, or on its way out of it
             */
            409: {
                headers: {
                    /** @description After how many seconds to try again, if that may help. */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {string} */
                        code?: "conflict" | "operator" | "open_deals" | "money_left";
                    };
                };
            };
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    my_profile: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A user as they see themselves. */
            200: {
                headers: {
                    /** @description The version, for `If-Match`. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "avatar": "/api/avatars/initials/7-I.svg",
                     *       "created_at": "2026-11-21T15:32:27.136Z",
                     *       "id": "01990000-0000-7000-8000-00000000000b",
                     *       "language": "ru",
                     *       "name": "Ivan",
                     *       "past_trips": [
                     *         {
                     *           "arrives_at": "2026-11-23T19:00:00.000Z",
                     *           "date": "2026-11-23",
                     *           "from": "Москва",
                     *           "success": true,
                     *           "to": "Казань",
                     *           "to_tz": "Europe/Moscow"
                     *         }
                     *       ],
                     *       "rating": 5,
                     *       "reviews": [
                     *         {
                     *           "at": "2026-11-21T15:32:30.203Z",
                     *           "date": "2026-11-21",
                     *           "name": "Anna",
                     *           "rating": 5,
                     *           "text": "Спасибо!"
                     *         }
                     *       ],
                     *       "reviews_count": 1,
                     *       "role": "user",
                     *       "telegram_id": 43,
                     *       "trips_count": 1,
                     *       "username": "ivan",
                     *       "verified": false
                     *     }
                     */
                    "application/json": components["schemas"]["ProfileView"];
                };
            };
            /** @description Unauthorized. */
            401: components["responses"]["Status401"];
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    change_profile: {
        parameters: {
            query?: never;
            header?: {
                /** @description The `ETag` that was seen last: 412 if there is a newer version by now. */
                "If-Match"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "language": "ru",
                 *       "name": "Анна Б."
                 *     }
                 */
                "application/json": components["schemas"]["ProfileChange"];
            };
        };
        responses: {
            /** @description A user as they see themselves. */
            200: {
                headers: {
                    /** @description The version, for `If-Match`. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "avatar": "/api/avatars/initials/2-A.svg",
                     *       "created_at": "2026-11-21T15:32:26.957Z",
                     *       "id": "01990000-0000-7000-8000-000000000001",
                     *       "language": "ru",
                     *       "name": "Анна Б.",
                     *       "past_trips": [],
                     *       "rating": 5,
                     *       "reviews": [
                     *         {
                     *           "at": "2026-11-21T15:32:30.203Z",
                     *           "date": "2026-11-21",
                     *           "name": "Ivan",
                     *           "rating": 5,
                     *           "text": "Всё хорошо"
                     *         }
                     *       ],
                     *       "reviews_count": 1,
                     *       "role": "user",
                     *       "telegram_id": 42,
                     *       "trips_count": 0,
                     *       "username": "anna",
                     *       "verified": false
                     *     }
                     */
                    "application/json": components["schemas"]["ProfileView"];
                };
            };
            /** @description Bad Request. */
            400: components["responses"]["Status400"];
            /** @description Unauthorized. */
            401: components["responses"]["Status401"];
            /** @description - `stale`: it has changed since the version in `If-Match`: look again */
            412: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {string} */
                        code?: "stale";
                    };
                };
            };
            /** @description Unprocessable Entity. */
            422: components["responses"]["Status422"];
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    change_avatar: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "multipart/form-data": components["schemas"]["UploadForm"];
            };
        };
        responses: {
            /** @description One's picture now. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "avatar": "https://api.example.org/api/avatars/01990000-0000-7000-8000-000000000030",
                     *       "success": true
                     *     }
                     */
                    "application/json": components["schemas"]["AvatarSet"];
                };
            };
            /** @description Bad Request. */
            400: components["responses"]["Status400"];
            /** @description Unauthorized. */
            401: components["responses"]["Status401"];
            /** @description Payload Too Large. */
            413: components["responses"]["Status413"];
            /** @description Unsupported Media Type. */
            415: components["responses"]["Status415"];
            /** @description Unprocessable Entity. */
            422: components["responses"]["Status422"];
            /** @description Too Many Requests. */
            429: components["responses"]["Status429"];
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    remove_avatar: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description One's picture now. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "avatar": "/api/avatars/initials/7-I.svg",
                     *       "success": true
                     *     }
                     */
                    "application/json": components["schemas"]["AvatarSet"];
                };
            };
            /** @description Unauthorized. */
            401: components["responses"]["Status401"];
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    show_initials: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description What the picture's URL ends with */
                picture: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The picture */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "image/svg+xml": string;
                };
            };
            /** @description Not Found. */
            404: components["responses"]["Status404"];
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    show_avatar: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description What the picture's URL ends with */
                picture: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The picture */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "image/jpeg": components["schemas"]["FileBytes"];
                };
            };
            /** @description It is as the caller knows it */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Not Found. */
            404: components["responses"]["Status404"];
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    my_documents: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description One's own documents. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "documents": [
                     *         {
                     *           "created_at": "2026-11-21T15:32:29.668Z",
                     *           "id": "01990000-0000-7000-8000-000000000030",
                     *           "is_kept": true,
                     *           "media_type": "image/jpeg",
                     *           "size_bytes": 183204,
                     *           "status": "pending"
                     *         }
                     *       ],
                     *       "verified": false
                     *     }
                     */
                    "application/json": components["schemas"]["MyDocuments"];
                };
            };
            /** @description Unauthorized. */
            401: components["responses"]["Status401"];
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    send_document: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "multipart/form-data": components["schemas"]["UploadForm"];
            };
        };
        responses: {
            /** @description A document has arrived. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "document_id": "01990000-0000-7000-8000-000000000030",
                     *       "success": true
                     *     }
                     */
                    "application/json": components["schemas"]["DocumentSent"];
                };
            };
            /** @description Bad Request. */
            400: components["responses"]["Status400"];
            /** @description Unauthorized. */
            401: components["responses"]["Status401"];
            /**
             * @description - `conflict`: somebody else changed it at the same moment: try again
             *     - `too_many_documents`: too many documents wait for a decision
             */
            409: {
                headers: {
                    /** @description After how many seconds to try again, if that may help. */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {string} */
                        code?: "conflict" | "too_many_documents";
                    };
                };
            };
            /** @description Payload Too Large. */
            413: components["responses"]["Status413"];
            /** @description Unsupported Media Type. */
            415: components["responses"]["Status415"];
            /** @description Unprocessable Entity. */
            422: components["responses"]["Status422"];
            /** @description Too Many Requests. */
            429: components["responses"]["Status429"];
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    withdraw_document: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The document */
                document_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It was taken back. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "success": true
                     *     }
                     */
                    "application/json": components["schemas"]["DocumentWithdrawn"];
                };
            };
            /** @description Unauthorized. */
            401: components["responses"]["Status401"];
            /** @description Not Found. */
            404: components["responses"]["Status404"];
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    find_cities: {
        parameters: {
            query?: {
                /** @description The beginning of a name in Russian, English or the language of the country, or an airport's code. Slips and the wrong keyboard layout are forgiven; a region or a country may follow after a comma. */
                q?: string;
                /** @description Around a point: `lat,lon`. */
                near?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Places. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "cities": [
                     *         "Казань",
                     *         "Аэропорт Казань"
                     *       ],
                     *       "places": [
                     *         {
                     *           "country": "RU",
                     *           "country_en": "Russia",
                     *           "country_ru": "Россия",
                     *           "id": "551487",
                     *           "kind": "town",
                     *           "lat": 55.78874,
                     *           "lon": 49.12214,
                     *           "name_en": "Kazan",
                     *           "name_ru": "Казань",
                     *           "region_en": "Tatarstan",
                     *           "region_ru": "Татарстан",
                     *           "tz": "Europe/Moscow"
                     *         },
                     *         {
                     *           "city": "551487",
                     *           "country": "RU",
                     *           "country_en": "Russia",
                     *           "country_ru": "Россия",
                     *           "id": "2000007423",
                     *           "kind": "airport",
                     *           "lat": 55.6062,
                     *           "lon": 49.2787,
                     *           "name_en": "Kazan Airport",
                     *           "name_ru": "Аэропорт Казань",
                     *           "region_en": "Tatarstan",
                     *           "region_ru": "Татарстан",
                     *           "tz": "Europe/Moscow"
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["Cities"];
                };
            };
            /** @description Bad Request. */
            400: components["responses"]["Status400"];
            /** @description Unprocessable Entity. */
            422: components["responses"]["Status422"];
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    find_packages: {
        parameters: {
            query?: {
                /** @description One of one's own live trips. */
                trip_id?: string;
                /** @description Where packages start, by name. */
                from?: string;
                /** @description The same by id, as `/api/cities` has it. */
                from_id?: string;
                /** @description Where they go, by name. */
                to?: string;
                /** @description The same by id. */
                to_id?: string;
                /** @description The next page, as the last answer named it. */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Packages that wait for a courier. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "next_cursor": "01990000-0000-7000-8000-000000000008",
                     *       "packages": [
                     *         {
                     *           "created_at": "2026-11-21T15:32:29.496Z",
                     *           "deliver_by": "2026-12-05T15:32:29.496Z",
                     *           "description": "Книги, одна коробка",
                     *           "detour_min": 0,
                     *           "dropoff": {
                     *             "at": "2026-11-23T19:00:00.000Z",
                     *             "date": "2026-11-23",
                     *             "name_en": "Kazan",
                     *             "name_ru": "Казань",
                     *             "place": "Казань",
                     *             "time": "22:00",
                     *             "tz": "Europe/Moscow"
                     *           },
                     *           "from": "Москва",
                     *           "from_place": {
                     *             "id": 524901,
                     *             "lat": 55.75204,
                     *             "lon": 37.61781,
                     *             "name_en": "Moscow",
                     *             "name_ru": "Москва",
                     *             "tz": "Europe/Moscow"
                     *           },
                     *           "from_tz": "Europe/Moscow",
                     *           "id": "01990000-0000-7000-8000-000000000008",
                     *           "pickup": {
                     *             "at": "2026-11-23T05:00:00.000Z",
                     *             "date": "2026-11-23",
                     *             "name_en": "Moscow",
                     *             "name_ru": "Москва",
                     *             "place": "Москва",
                     *             "time": "08:00",
                     *             "tz": "Europe/Moscow"
                     *           },
                     *           "ready_at": "2026-11-21T15:32:29.496Z",
                     *           "reward": 500,
                     *           "sender_avatar": "/api/avatars/initials/2-A.svg",
                     *           "sender_name": "Anna",
                     *           "sender_rating": 4.8,
                     *           "sender_verified": true,
                     *           "size": "s",
                     *           "tags": [
                     *             "книги"
                     *           ],
                     *           "to": "Казань",
                     *           "to_place": {
                     *             "id": 551487,
                     *             "lat": 55.78874,
                     *             "lon": 49.12214,
                     *             "name_en": "Kazan",
                     *             "name_ru": "Казань",
                     *             "tz": "Europe/Moscow"
                     *           },
                     *           "to_tz": "Europe/Moscow",
                     *           "trip_id": "01990000-0000-7000-8000-000000000009",
                     *           "volume_ml": 5000,
                     *           "weight": "light",
                     *           "weight_g": 1000
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["FoundPackages"];
                };
            };
            /** @description Bad Request. */
            400: components["responses"]["Status400"];
            /** @description Unauthorized. */
            401: components["responses"]["Status401"];
            /** @description Not Found. */
            404: components["responses"]["Status404"];
            /**
             * @description - `invalid`: understood, but `fields` says what will not do
             *     - `ambiguous_place`: the name of a place means several: `candidates` says which
             */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {string} */
                        code?: "invalid" | "ambiguous_place";
                    };
                };
            };
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    publish_package: {
        parameters: {
            query?: never;
            header?: {
                /** @description Names the call: with the same key it can be repeated for a day, with one effect and one answer. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "delivery_address": "ул. Мира, 2",
                 *       "description": "Книги, одна коробка",
                 *       "from": "Москва",
                 *       "hand_over_codes": true,
                 *       "mode": "choose",
                 *       "pickup_address": "ул. Ленина, 1",
                 *       "reward": 500,
                 *       "size": "s",
                 *       "tags": [
                 *         "книги"
                 *       ],
                 *       "to": "Казань",
                 *       "weight": "light"
                 *     }
                 */
                "application/json": components["schemas"]["NewPackage"];
            };
        };
        responses: {
            /** @description A package was published. */
            201: {
                headers: {
                    /** @description `true` if this is the answer of an earlier call with the same key. */
                    "Idempotent-Replayed"?: boolean;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "package_id": "01990000-0000-7000-8000-000000000008",
                     *       "success": true
                     *     }
                     */
                    "application/json": components["schemas"]["PackagePublished"];
                };
            };
            /** @description Bad Request. */
            400: components["responses"]["Status400"];
            /** @description Unauthorized. */
            401: components["responses"]["Status401"];
            /**
             * @description - `conflict`: somebody else changed it at the same moment: try again
             *     - `insufficient_funds`: there is not enough money: the sender's for the reward, or one's own to take out
             *     - `too_many_packages`: the sender has as many packages open, patterns included, as there may be: `limit`
             *     - `in_progress`: the same call is still being carried out: ask again, as `Retry-After` says
             *     - `answered_before`: the same call was carried out a moment ago: ask again for its answer
             */
            409: {
                headers: {
                    /** @description After how many seconds to try again, if that may help. */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {string} */
                        code?: "conflict" | "insufficient_funds" | "too_many_packages" | "in_progress" | "answered_before";
                    };
                };
            };
            /**
             * @description - `invalid`: understood, but `fields` says what will not do
             *     - `ambiguous_place`: the name of a place means several: `candidates` says which
             *     - `key_reused`: the `Idempotency-Key` was used for another call
             */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {string} */
                        code?: "invalid" | "ambiguous_place" | "key_reused";
                    };
                };
            };
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    dry_run: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "delivery_address": "ул. Мира, 2",
                 *       "description": "Книги, одна коробка",
                 *       "from": "Москва",
                 *       "hand_over_codes": true,
                 *       "mode": "choose",
                 *       "pickup_address": "ул. Ленина, 1",
                 *       "reward": 500,
                 *       "size": "s",
                 *       "tags": [
                 *         "книги"
                 *       ],
                 *       "to": "Казань",
                 *       "weight": "light"
                 *     }
                 */
                "application/json": components["schemas"]["NewPackage"];
            };
        };
        responses: {
            /** @description Who would see a package. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "chance_percent": 50,
                     *       "couriers": 1,
                     *       "median_detour_km": 0,
                     *       "median_detour_min": 0,
                     *       "next": {
                     *         "step": "nothing",
                     *         "text_en": "Nobody is asked automatically.",
                     *         "text_ru": "Автоматически никого не спрашиваем."
                     *       },
                     *       "price": {
                     *         "available": 0,
                     *         "courier_gets": 450,
                     *         "fee": 50,
                     *         "fee_version": 2,
                     *         "missing": 500,
                     *         "paid": "at_claim",
                     *         "pay_in": {
                     *           "amount": 500,
                     *           "methods": [
                     *             "manual"
                     *           ],
                     *           "purpose": "top_up"
                     *         },
                     *         "reward": 500,
                     *         "text_en": "500.00 are held when a courier accepts, and paid when you confirm; 50.00 of them are the fee. 500.00 are missing in your wallet.",
                     *         "text_ru": "500.00 удерживаются, когда курьер согласится, и выплачиваются после вашего подтверждения; из них комиссия 50.00. В кошельке не хватает 500.00."
                     *       },
                     *       "reasons": {},
                     *       "reward": 500,
                     *       "text_en": "Couriers who would see this: 1, median detour 0 km.",
                     *       "text_ru": "Курьеров, которые это увидят: 1, медианный крюк 0 км.",
                     *       "with_more_reward": {
                     *         "chance_percent": 50,
                     *         "couriers": 1,
                     *         "median_detour_km": 0,
                     *         "median_detour_min": 0,
                     *         "reward": 600
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["DryRunAnswer"];
                };
            };
            /** @description Bad Request. */
            400: components["responses"]["Status400"];
            /** @description Unauthorized. */
            401: components["responses"]["Status401"];
            /**
             * @description - `invalid`: understood, but `fields` says what will not do
             *     - `ambiguous_place`: the name of a place means several: `candidates` says which
             */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {string} */
                        code?: "invalid" | "ambiguous_place";
                    };
                };
            };
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    my_packages: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description One's own packages. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "packages": [
                     *         {
                     *           "created_at": "2026-11-21T15:32:29.496Z",
                     *           "deliver_by": "2026-12-05T15:32:29.496Z",
                     *           "delivery_address": "ул. Мира, 2",
                     *           "description": "Книги, одна коробка",
                     *           "dropoff": {
                     *             "lat": 55.78874,
                     *             "lon": 49.12214
                     *           },
                     *           "fee": 50,
                     *           "from": "Москва",
                     *           "from_place": {
                     *             "id": 524901,
                     *             "lat": 55.75204,
                     *             "lon": 37.61781,
                     *             "name_en": "Moscow",
                     *             "name_ru": "Москва",
                     *             "tz": "Europe/Moscow"
                     *           },
                     *           "from_tz": "Europe/Moscow",
                     *           "hand_over_codes": true,
                     *           "id": "01990000-0000-7000-8000-000000000008",
                     *           "mode": "choose",
                     *           "payment": "at_claim",
                     *           "pickup": {
                     *             "lat": 55.75204,
                     *             "lon": 37.61781
                     *           },
                     *           "pickup_address": "ул. Ленина, 1",
                     *           "ready_at": "2026-11-21T15:32:29.496Z",
                     *           "responses": [
                     *             {
                     *               "airport": "",
                     *               "arrival_date": "2026-11-23",
                     *               "arrives_at": "2026-11-23T19:00:00.000Z",
                     *               "comment": "Возьму",
                     *               "courierAvatar": "/api/avatars/initials/7-I.svg",
                     *               "courierId": "01990000-0000-7000-8000-00000000000b",
                     *               "courierName": "Ivan",
                     *               "courierRating": 0,
                     *               "courier_avatar": "/api/avatars/initials/7-I.svg",
                     *               "courier_id": "01990000-0000-7000-8000-00000000000b",
                     *               "courier_name": "Ivan",
                     *               "courier_rating": 0,
                     *               "date": "2026-11-23",
                     *               "departs_at": "2026-11-23T05:00:00.000Z",
                     *               "from_tz": "Europe/Moscow",
                     *               "id": "01990000-0000-7000-8000-00000000000a",
                     *               "isNew": true,
                     *               "is_new": true,
                     *               "message": "",
                     *               "price": 450,
                     *               "state": "pending",
                     *               "status": "pending",
                     *               "telegramUsername": "ivan",
                     *               "telegram_username": "ivan",
                     *               "time": "08:00 → 22:00",
                     *               "timestamp": "2026-11-21T15:32:29.544Z",
                     *               "to_tz": "Europe/Moscow",
                     *               "trip_id": "01990000-0000-7000-8000-000000000009"
                     *             }
                     *           ],
                     *           "reward": 500,
                     *           "size": "s",
                     *           "state": "open",
                     *           "status": "active",
                     *           "tags": [
                     *             "книги"
                     *           ],
                     *           "to": "Казань",
                     *           "to_place": {
                     *             "id": 551487,
                     *             "lat": 55.78874,
                     *             "lon": 49.12214,
                     *             "name_en": "Kazan",
                     *             "name_ru": "Казань",
                     *             "tz": "Europe/Moscow"
                     *           },
                     *           "to_tz": "Europe/Moscow",
                     *           "usage_count": 0,
                     *           "version": 2,
                     *           "volume_ml": 5000,
                     *           "weight": "light",
                     *           "weight_g": 1000
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["MyPackages"];
                };
            };
            /** @description Unauthorized. */
            401: components["responses"]["Status401"];
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    show_package: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The package */
                package_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A package as its sender sees it. */
            200: {
                headers: {
                    /** @description The version, for `If-Match`. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "created_at": "2026-11-21T15:32:29.496Z",
                     *       "deliver_by": "2026-12-05T15:32:29.496Z",
                     *       "delivery_address": "ул. Мира, 2",
                     *       "description": "Книги, одна коробка",
                     *       "dropoff": {
                     *         "lat": 55.78874,
                     *         "lon": 49.12214
                     *       },
                     *       "fee": 50,
                     *       "from": "Москва",
                     *       "from_place": {
                     *         "id": 524901,
                     *         "lat": 55.75204,
                     *         "lon": 37.61781,
                     *         "name_en": "Moscow",
                     *         "name_ru": "Москва",
                     *         "tz": "Europe/Moscow"
                     *       },
                     *       "from_tz": "Europe/Moscow",
                     *       "hand_over_codes": true,
                     *       "id": "01990000-0000-7000-8000-000000000008",
                     *       "mode": "choose",
                     *       "payment": "at_claim",
                     *       "pickup": {
                     *         "lat": 55.75204,
                     *         "lon": 37.61781
                     *       },
                     *       "pickup_address": "ул. Ленина, 1",
                     *       "ready_at": "2026-11-21T15:32:29.496Z",
                     *       "responses": [
                     *         {
                     *           "airport": "",
                     *           "arrival_date": "2026-11-23",
                     *           "arrives_at": "2026-11-23T19:00:00.000Z",
                     *           "comment": "Возьму",
                     *           "courierAvatar": "/api/avatars/initials/7-I.svg",
                     *           "courierId": "01990000-0000-7000-8000-00000000000b",
                     *           "courierName": "Ivan",
                     *           "courierRating": 0,
                     *           "courier_avatar": "/api/avatars/initials/7-I.svg",
                     *           "courier_id": "01990000-0000-7000-8000-00000000000b",
                     *           "courier_name": "Ivan",
                     *           "courier_rating": 0,
                     *           "date": "2026-11-23",
                     *           "departs_at": "2026-11-23T05:00:00.000Z",
                     *           "from_tz": "Europe/Moscow",
                     *           "id": "01990000-0000-7000-8000-00000000000a",
                     *           "isNew": false,
                     *           "is_new": false,
                     *           "message": "",
                     *           "price": 450,
                     *           "state": "accepted",
                     *           "status": "selected",
                     *           "telegramUsername": "ivan",
                     *           "telegram_username": "ivan",
                     *           "time": "08:00 → 22:00",
                     *           "timestamp": "2026-11-21T15:32:29.544Z",
                     *           "to_tz": "Europe/Moscow",
                     *           "trip_id": "01990000-0000-7000-8000-000000000009"
                     *         }
                     *       ],
                     *       "reward": 500,
                     *       "selectedCourier": "Ivan",
                     *       "size": "s",
                     *       "state": "assigned",
                     *       "status": "active",
                     *       "tags": [
                     *         "книги"
                     *       ],
                     *       "to": "Казань",
                     *       "to_place": {
                     *         "id": 551487,
                     *         "lat": 55.78874,
                     *         "lon": 49.12214,
                     *         "name_en": "Kazan",
                     *         "name_ru": "Казань",
                     *         "tz": "Europe/Moscow"
                     *       },
                     *       "to_tz": "Europe/Moscow",
                     *       "usage_count": 0,
                     *       "version": 3,
                     *       "volume_ml": 5000,
                     *       "weight": "light",
                     *       "weight_g": 1000
                     *     }
                     */
                    "application/json": components["schemas"]["PackageView"];
                };
            };
            /** @description Unauthorized. */
            401: components["responses"]["Status401"];
            /** @description Not Found. */
            404: components["responses"]["Status404"];
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    cancel_package: {
        parameters: {
            query?: never;
            header?: {
                /** @description Names the call: with the same key it can be repeated for a day, with one effect and one answer. */
                "Idempotency-Key"?: string;
                /** @description The `ETag` that was seen last: 412 if there is a newer version by now. */
                "If-Match"?: string;
            };
            path: {
                /** @description The package */
                package_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A package was called off. */
            200: {
                headers: {
                    /** @description `true` if this is the answer of an earlier call with the same key. */
                    "Idempotent-Replayed"?: boolean;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "refund": 0,
                     *       "state": "cancelled",
                     *       "success": true
                     *     }
                     */
                    "application/json": components["schemas"]["PackageCancelled"];
                };
            };
            /** @description Unauthorized. */
            401: components["responses"]["Status401"];
            /** @description Not Found. */
            404: components["responses"]["Status404"];
            /**
             * @description - `conflict`: somebody else changed it at the same moment: try again
             *     - `illegal_transition`: not in this state
             *     - `in_progress`: the same call is still being carried out: ask again, as `Retry-After` says
             *     - `answered_before`: the same call was carried out a moment ago: ask again for its answer
             */
            409: {
                headers: {
                    /** @description After how many seconds to try again, if that may help. */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {string} */
                        code?: "conflict" | "illegal_transition" | "in_progress" | "answered_before";
                    };
                };
            };
            /** @description - `stale`: it has changed since the version in `If-Match`: look again */
            412: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {string} */
                        code?: "stale";
                    };
                };
            };
            /**
             * @description - `invalid`: understood, but `fields` says what will not do
             *     - `key_reused`: the `Idempotency-Key` was used for another call
             */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {string} */
                        code?: "invalid" | "key_reused";
                    };
                };
            };
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    package_cancellation: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The package */
                package_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description What it would mean to call a package off now. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "by": "sender",
                     *       "currency": "RUB",
                     *       "looks_on": false,
                     *       "possible": true,
                     *       "refund": 500,
                     *       "stage": "after_acceptance",
                     *       "text_en": "It is called off, and all of the money goes back to the sender.",
                     *       "text_ru": "Отмена: все деньги вернутся отправителю."
                     *     }
                     */
                    "application/json": components["schemas"]["CancellationView"];
                };
            };
            /** @description Unauthorized. */
            401: components["responses"]["Status401"];
            /** @description Not Found. */
            404: components["responses"]["Status404"];
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    explain: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The package */
                package_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Who was considered for a package, and why in or out. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "considered": 2,
                     *       "couriers": 2,
                     *       "matches": 2,
                     *       "median_detour_min": 0,
                     *       "next": {
                     *         "step": "nothing",
                     *         "text_en": "Nobody is asked automatically.",
                     *         "text_ru": "Автоматически никого не спрашиваем."
                     *       },
                     *       "package_id": "01990000-0000-7000-8000-000000000008",
                     *       "reasons": {},
                     *       "requests": {
                     *         "pending": 1
                     *       },
                     *       "state": "open",
                     *       "verdicts": [
                     *         {
                     *           "asked": true,
                     *           "capacity_left_g": 10000,
                     *           "carries": false,
                     *           "courier_name": "Ivan",
                     *           "detour_min": 0,
                     *           "fits": true,
                     *           "leg_from": 0,
                     *           "leg_to": 2,
                     *           "rank": 1,
                     *           "text_en": "A request between you and this courier is waiting for an answer.",
                     *           "text_ru": "Запрос между вами и этим курьером ждёт ответа.",
                     *           "trip_id": "01990000-0000-7000-8000-000000000009"
                     *         },
                     *         {
                     *           "asked": false,
                     *           "capacity_left_g": 10000,
                     *           "carries": false,
                     *           "courier_name": "Oleg",
                     *           "detour_min": 0,
                     *           "fits": true,
                     *           "leg_from": 0,
                     *           "leg_to": 2,
                     *           "rank": 2,
                     *           "text_en": "Suits, and has not responded; you can send the package to this courier.",
                     *           "text_ru": "Подходит, но не откликнулся; вы можете отправить ему посылку.",
                     *           "trip_id": "01990000-0000-7000-8000-00000000000c"
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["ExplanationView"];
                };
            };
            /** @description Unauthorized. */
            401: components["responses"]["Status401"];
            /** @description Not Found. */
            404: components["responses"]["Status404"];
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    package_responses: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The package */
                package_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The responses to a package. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "responses": [
                     *         {
                     *           "airport": "",
                     *           "arrival_date": "2026-11-23",
                     *           "arrives_at": "2026-11-23T19:00:00.000Z",
                     *           "comment": "Возьму",
                     *           "courierAvatar": "/api/avatars/initials/7-I.svg",
                     *           "courierId": "01990000-0000-7000-8000-00000000000b",
                     *           "courierName": "Ivan",
                     *           "courierRating": 0,
                     *           "courier_avatar": "/api/avatars/initials/7-I.svg",
                     *           "courier_id": "01990000-0000-7000-8000-00000000000b",
                     *           "courier_name": "Ivan",
                     *           "courier_rating": 0,
                     *           "date": "2026-11-23",
                     *           "departs_at": "2026-11-23T05:00:00.000Z",
                     *           "from_tz": "Europe/Moscow",
                     *           "id": "01990000-0000-7000-8000-00000000000a",
                     *           "isNew": true,
                     *           "is_new": true,
                     *           "message": "",
                     *           "price": 450,
                     *           "state": "pending",
                     *           "status": "pending",
                     *           "telegramUsername": "ivan",
                     *           "telegram_username": "ivan",
                     *           "time": "08:00 → 22:00",
                     *           "timestamp": "2026-11-21T15:32:29.544Z",
                     *           "to_tz": "Europe/Moscow",
                     *           "trip_id": "01990000-0000-7000-8000-000000000009"
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["Responses"];
                };
            };
            /** @description Unauthorized. */
            401: components["responses"]["Status401"];
            /** @description Not Found. */
            404: components["responses"]["Status404"];
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    respond_to_package: {
        parameters: {
            query?: never;
            header?: {
                /** @description Names the call: with the same key it can be repeated for a day, with one effect and one answer. */
                "Idempotency-Key"?: string;
            };
            path: {
                /** @description The package */
                package_id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "comment": "Возьму",
                 *       "price": 450,
                 *       "trip_id": "01990000-0000-7000-8000-000000000009"
                 *     }
                 */
                "application/json": components["schemas"]["NewResponse"];
            };
        };
        responses: {
            /** @description A response was made. */
            201: {
                headers: {
                    /** @description `true` if this is the answer of an earlier call with the same key. */
                    "Idempotent-Replayed"?: boolean;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "arrival_date": "2026-11-23",
                     *       "arrives_at": "2026-11-23T19:00:00.000Z",
                     *       "date": "2026-11-23",
                     *       "departs_at": "2026-11-23T05:00:00.000Z",
                     *       "from_tz": "Europe/Moscow",
                     *       "notes": [],
                     *       "response_id": "01990000-0000-7000-8000-00000000000a",
                     *       "success": true,
                     *       "time": "08:00 → 22:00",
                     *       "to_tz": "Europe/Moscow",
                     *       "trip_id": "01990000-0000-7000-8000-000000000009"
                     *     }
                     */
                    "application/json": components["schemas"]["ResponseMade"];
                };
            };
            /** @description Bad Request. */
            400: components["responses"]["Status400"];
            /** @description Unauthorized. */
            401: components["responses"]["Status401"];
            /** @description Not Found. */
            404: components["responses"]["Status404"];
            /**
             * @description - `conflict`: somebody else changed it at the same moment: try again
             *     - `already_requested`: there is an open request for this package and this trip already
             *     - `too_many_requests`: too many couriers were asked about this package
             *     - `illegal_transition`: not in this state
             *     - `already_taken`: another courier has the package
             *     - `expired`: too late: the time to answer, or the package's own, is over
             *     - `trip_not_live`: the trip is over or called off
             *     - `no_room`: the trip has no room left for it
             *     - `too_many_pending`: as many of the caller's requests wait for an answer as there may be: `limit`
             *     - `party_gone`: the sender or the courier has deleted the account, or was shut out
             *     - `in_progress`: the same call is still being carried out: ask again, as `Retry-After` says
             *     - `answered_before`: the same call was carried out a moment ago: ask again for its answer
             */
            409: {
                headers: {
                    /** @description After how many seconds to try again, if that may help. */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {string} */
                        code?: "conflict" | "already_requested" | "too_many_requests" | "illegal_transition" | "already_taken" | "expired" | "trip_not_live" | "no_room" | "too_many_pending" | "party_gone" | "in_progress" | "answered_before";
                    };
                };
            };
            /**
             * @description - `invalid`: understood, but `fields` says what will not do
             *     - `does_not_suit`: the package does not suit the trip: another way, time or size
             *     - `own_package`: one's own package cannot be carried by oneself
             *     - `key_reused`: the `Idempotency-Key` was used for another call
             */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {string} */
                        code?: "invalid" | "does_not_suit" | "own_package" | "key_reused";
                    };
                };
            };
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    select_courier: {
        parameters: {
            query?: never;
            header?: {
                /** @description Names the call: with the same key it can be repeated for a day, with one effect and one answer. */
                "Idempotency-Key"?: string;
            };
            path: {
                /** @description The package */
                package_id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "response_id": "01990000-0000-7000-8000-00000000000a"
                 *     }
                 */
                "application/json": components["schemas"]["SelectCourier"];
            };
        };
        responses: {
            /** @description A courier was chosen. */
            200: {
                headers: {
                    /** @description `true` if this is the answer of an earlier call with the same key. */
                    "Idempotent-Replayed"?: boolean;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "courier_contact": {
                     *         "telegram_link": "https://t.me/ivan",
                     *         "telegram_username": "ivan"
                     *       },
                     *       "escrow_info": {
                     *         "amount_frozen": 450,
                     *         "payment_method": "escrow",
                     *         "refund_policy": "Деньги вернутся, если сделка отменена до передачи посылки"
                     *       },
                     *       "success": true
                     *     }
                     */
                    "application/json": components["schemas"]["CourierSelected"];
                };
            };
            /** @description Bad Request. */
            400: components["responses"]["Status400"];
            /** @description Unauthorized. */
            401: components["responses"]["Status401"];
            /**
             * @description - `forbidden`: the caller's role, or the way things are set up, does not allow it
             *     - `origin_not_allowed`: the page is of an origin that is not in PEERPACK_ALLOWED_ORIGINS
             *     - `wrong_party`: this step is the other party's
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {string} */
                        code?: "forbidden" | "origin_not_allowed" | "wrong_party";
                    };
                };
            };
            /** @description Not Found. */
            404: components["responses"]["Status404"];
            /**
             * @description - `conflict`: somebody else changed it at the same moment: try again
             *     - `illegal_transition`: not in this state
             *     - `already_taken`: another courier has the package
             *     - `expired`: too late: the time to answer, or the package's own, is over
             *     - `trip_not_live`: the trip is over or called off
             *     - `party_gone`: the sender or the courier has deleted the account, or was shut out
             *     - `no_room`: the trip has no room left for it
             *     - `insufficient_funds`: there is not enough money: the sender's for the reward, or one's own to take out
             *     - `in_progress`: the same call is still being carried out: ask again, as `Retry-After` says
             *     - `answered_before`: the same call was carried out a moment ago: ask again for its answer
             */
            409: {
                headers: {
                    /** @description After how many seconds to try again, if that may help. */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {string} */
                        code?: "conflict" | "illegal_transition" | "already_taken" | "expired" | "trip_not_live" | "party_gone" | "no_room" | "insufficient_funds" | "in_progress" | "answered_before";
                    };
                };
            };
            /**
             * @description - `invalid`: understood, but `fields` says what will not do
             *     - `does_not_suit`: the package does not suit the trip: another way, time or size
             *     - `key_reused`: the `Idempotency-Key` was used for another call
             */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {string} */
                        code?: "invalid" | "does_not_suit" | "key_reused";
                    };
                };
            };
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    send_to_courier: {
        parameters: {
            query?: never;
            header?: {
                /** @description Names the call: with the same key it can be repeated for a day, with one effect and one answer. */
                "Idempotency-Key"?: string;
            };
            path: {
                /** @description The package */
                package_id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "courier_id": "01990000-0000-7000-8000-00000000000c",
                 *       "message": "Возьмёте?"
                 *     }
                 */
                "application/json": components["schemas"]["AskCourier"];
            };
        };
        responses: {
            /** @description A courier was asked. */
            201: {
                headers: {
                    /** @description `true` if this is the answer of an earlier call with the same key. */
                    "Idempotent-Replayed"?: boolean;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "request_id": "01990000-0000-7000-8000-00000000000f",
                     *       "success": true
                     *     }
                     */
                    "application/json": components["schemas"]["CourierAsked"];
                };
            };
            /** @description Bad Request. */
            400: components["responses"]["Status400"];
            /** @description Unauthorized. */
            401: components["responses"]["Status401"];
            /** @description Not Found. */
            404: components["responses"]["Status404"];
            /**
             * @description - `conflict`: somebody else changed it at the same moment: try again
             *     - `already_requested`: there is an open request for this package and this trip already
             *     - `too_many_requests`: too many couriers were asked about this package
             *     - `illegal_transition`: not in this state
             *     - `already_taken`: another courier has the package
             *     - `expired`: too late: the time to answer, or the package's own, is over
             *     - `trip_not_live`: the trip is over or called off
             *     - `no_room`: the trip has no room left for it
             *     - `too_many_pending`: as many of the caller's requests wait for an answer as there may be: `limit`
             *     - `too_many_on_trip`: as many requests wait on this trip as there may be: `limit`
             *     - `party_gone`: the sender or the courier has deleted the account, or was shut out
             *     - `in_progress`: the same call is still being carried out: ask again, as `Retry-After` says
             *     - `answered_before`: the same call was carried out a moment ago: ask again for its answer
             */
            409: {
                headers: {
                    /** @description After how many seconds to try again, if that may help. */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {string} */
                        code?: "conflict" | "already_requested" | "too_many_requests" | "illegal_transition" | "already_taken" | "expired" | "trip_not_live" | "no_room" | "too_many_pending" | "too_many_on_trip" | "party_gone" | "in_progress" | "answered_before";
                    };
                };
            };
            /**
             * @description - `invalid`: understood, but `fields` says what will not do
             *     - `does_not_suit`: the package does not suit the trip: another way, time or size
             *     - `own_package`: one's own package cannot be carried by oneself
             *     - `key_reused`: the `Idempotency-Key` was used for another call
             */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {string} */
                        code?: "invalid" | "does_not_suit" | "own_package" | "key_reused";
                    };
                };
            };
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    make_tracking_link: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The package */
                package_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A link. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "expires_at": "2026-12-21T15:32:29.668Z",
                     *       "json_path": "/api/tracking/01a1febcd0b87107ba7c01ce3d187936.1797867149668.267cd2b6485b1df37496e2b9a4d99112",
                     *       "path": "/track/01a1febcd0b87107ba7c01ce3d187936.1797867149668.267cd2b6485b1df37496e2b9a4d99112"
                     *     }
                     */
                    "application/json": components["schemas"]["TrackingLink"];
                };
            };
            /** @description Unauthorized. */
            401: components["responses"]["Status401"];
            /** @description Not Found. */
            404: components["responses"]["Status404"];
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    track_package: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description What the link ends with */
                link: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Where a package is, for anybody who has the link. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "courier_name": "Ivan",
                     *       "expected": "2026-11-23 22:00",
                     *       "expected_at": "2026-11-23T19:00:00.000Z",
                     *       "from": "Москва",
                     *       "since": "2026-11-21T15:32:29.619Z",
                     *       "state": "assigned",
                     *       "to": "Казань",
                     *       "to_tz": "Europe/Moscow"
                     *     }
                     */
                    "application/json": components["schemas"]["TrackedPackage"];
                };
            };
            /** @description Not Found. */
            404: components["responses"]["Status404"];
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    search_couriers: {
        parameters: {
            query?: {
                /** @description Where the package starts, by name. */
                from?: string;
                /** @description The same by id, as `/api/cities` has it. */
                from_id?: string;
                /** @description Where it goes, by name. */
                to?: string;
                /** @description The same by id. */
                to_id?: string;
                /** @description The first day, `YYYY-MM-DD` or `DD.MM.YYYY`, as it is counted at `from`; without that where each trip starts. */
                date_from?: string;
                /** @description The last day, counted likewise. */
                date_to?: string;
                /** @description So many days earlier and later will do, up to 14. */
                flex_days?: number;
                /** @description Only trips with room for `light`, `medium`, `heavy` or `very_heavy`. */
                weight?: components["schemas"]["WeightClass"];
                /** @description Only couriers who ask at most this, roubles. */
                max_price?: number;
                /** @description Only `plane`, `train`, `car`, `bus` or `foot`. */
                transport?: components["schemas"]["Transport"];
                /** @description Only couriers with at least this rating, 1 to 5. */
                min_rating?: number;
                /** @description `time` (soonest first, the default), `price`, `rating` (best first) or `detour`. */
                sort?: components["schemas"]["CourierOrder"];
                /** @description The next page, as the last answer named it. */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Couriers on their way. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "couriers": [
                     *         {
                     *           "airport": "",
                     *           "arrival_date": "2026-11-23",
                     *           "arrives_at": "2026-11-23T19:00:00.000Z",
                     *           "avatar": "/api/avatars/initials/7-I.svg",
                     *           "capacity_left_g": [
                     *             9000,
                     *             9000
                     *           ],
                     *           "courier_id": "01990000-0000-7000-8000-00000000000b",
                     *           "date": "2026-11-23",
                     *           "departs_at": "2026-11-23T05:00:00.000Z",
                     *           "from": "Москва",
                     *           "from_place": {
                     *             "id": 524901,
                     *             "lat": 55.75204,
                     *             "lon": 37.61781,
                     *             "name_en": "Moscow",
                     *             "name_ru": "Москва",
                     *             "tz": "Europe/Moscow"
                     *           },
                     *           "from_tz": "Europe/Moscow",
                     *           "id": "01990000-0000-7000-8000-000000000009",
                     *           "itinerary": [
                     *             {
                     *               "arrives_at": "2026-11-23T05:00:00.000Z",
                     *               "country": "RU",
                     *               "date": "2026-11-23",
                     *               "departs_at": "2026-11-23T05:00:00.000Z",
                     *               "lat": 55.75204,
                     *               "lon": 37.61781,
                     *               "name": "Москва",
                     *               "name_en": "Moscow",
                     *               "name_ru": "Москва",
                     *               "place_id": "524901",
                     *               "time": "08:00",
                     *               "tz": "Europe/Moscow"
                     *             },
                     *             {
                     *               "arrives_at": "2026-11-23T12:06:00.000Z",
                     *               "country": "RU",
                     *               "date": "2026-11-23",
                     *               "departs_at": "2026-11-23T12:06:00.000Z",
                     *               "lat": 56.32867,
                     *               "lon": 44.00205,
                     *               "name": "Нижний Новгород",
                     *               "name_en": "Nizhny Novgorod",
                     *               "name_ru": "Нижний Новгород",
                     *               "place_id": "520555",
                     *               "time": "15:06",
                     *               "tz": "Europe/Moscow"
                     *             },
                     *             {
                     *               "arrives_at": "2026-11-23T19:00:00.000Z",
                     *               "country": "RU",
                     *               "date": "2026-11-23",
                     *               "departs_at": "2026-11-23T19:00:00.000Z",
                     *               "lat": 55.78874,
                     *               "lon": 49.12214,
                     *               "name": "Казань",
                     *               "name_en": "Kazan",
                     *               "name_ru": "Казань",
                     *               "place_id": "551487",
                     *               "time": "22:00",
                     *               "tz": "Europe/Moscow"
                     *             }
                     *           ],
                     *           "name": "Ivan",
                     *           "past_trips": [
                     *             {
                     *               "arrives_at": "2026-11-23T19:00:00.000Z",
                     *               "date": "2026-11-23",
                     *               "from": "Москва",
                     *               "success": true,
                     *               "to": "Казань",
                     *               "to_tz": "Europe/Moscow"
                     *             }
                     *           ],
                     *           "price": 300,
                     *           "rating": 5,
                     *           "reviews": [
                     *             {
                     *               "at": "2026-11-21T15:32:30.203Z",
                     *               "date": "2026-11-21",
                     *               "name": "Anna",
                     *               "rating": 5,
                     *               "text": "Спасибо!"
                     *             }
                     *           ],
                     *           "reviews_count": 1,
                     *           "state": "active",
                     *           "stops": [
                     *             "Москва",
                     *             "Нижний Новгород",
                     *             "Казань"
                     *           ],
                     *           "telegram_username": "ivan",
                     *           "time": "08:00 → 22:00",
                     *           "to": "Казань",
                     *           "to_place": {
                     *             "id": 551487,
                     *             "lat": 55.78874,
                     *             "lon": 49.12214,
                     *             "name_en": "Kazan",
                     *             "name_ru": "Казань",
                     *             "tz": "Europe/Moscow"
                     *           },
                     *           "to_tz": "Europe/Moscow",
                     *           "transport": "car",
                     *           "tripComment": "Еду один, место есть",
                     *           "trip_comment": "Еду один, место есть",
                     *           "trip_id": "01990000-0000-7000-8000-000000000009",
                     *           "trips_count": 1,
                     *           "verified": true,
                     *           "version": 2
                     *         },
                     *         {
                     *           "airport": "",
                     *           "arrival_date": "2026-11-23",
                     *           "arrives_at": "2026-11-23T19:00:00.000Z",
                     *           "avatar": "/api/avatars/initials/4-O.svg",
                     *           "capacity_left_g": [
                     *             10000,
                     *             10000
                     *           ],
                     *           "courier_id": "01990000-0000-7000-8000-000000000004",
                     *           "date": "2026-11-23",
                     *           "departs_at": "2026-11-23T05:00:00.000Z",
                     *           "from": "Москва",
                     *           "from_place": {
                     *             "id": 524901,
                     *             "lat": 55.75204,
                     *             "lon": 37.61781,
                     *             "name_en": "Moscow",
                     *             "name_ru": "Москва",
                     *             "tz": "Europe/Moscow"
                     *           },
                     *           "from_tz": "Europe/Moscow",
                     *           "id": "01990000-0000-7000-8000-00000000000c",
                     *           "itinerary": [
                     *             {
                     *               "arrives_at": "2026-11-23T05:00:00.000Z",
                     *               "country": "RU",
                     *               "date": "2026-11-23",
                     *               "departs_at": "2026-11-23T05:00:00.000Z",
                     *               "lat": 55.75204,
                     *               "lon": 37.61781,
                     *               "name": "Москва",
                     *               "name_en": "Moscow",
                     *               "name_ru": "Москва",
                     *               "place_id": "524901",
                     *               "time": "08:00",
                     *               "tz": "Europe/Moscow"
                     *             },
                     *             {
                     *               "arrives_at": "2026-11-23T12:06:00.000Z",
                     *               "country": "RU",
                     *               "date": "2026-11-23",
                     *               "departs_at": "2026-11-23T12:06:00.000Z",
                     *               "lat": 56.32867,
                     *               "lon": 44.00205,
                     *               "name": "Нижний Новгород",
                     *               "name_en": "Nizhny Novgorod",
                     *               "name_ru": "Нижний Новгород",
                     *               "place_id": "520555",
                     *               "time": "15:06",
                     *               "tz": "Europe/Moscow"
                     *             },
                     *             {
                     *               "arrives_at": "2026-11-23T19:00:00.000Z",
                     *               "country": "RU",
                     *               "date": "2026-11-23",
                     *               "departs_at": "2026-11-23T19:00:00.000Z",
                     *               "lat": 55.78874,
                     *               "lon": 49.12214,
                     *               "name": "Казань",
                     *               "name_en": "Kazan",
                     *               "name_ru": "Казань",
                     *               "place_id": "551487",
                     *               "time": "22:00",
                     *               "tz": "Europe/Moscow"
                     *             }
                     *           ],
                     *           "name": "Oleg",
                     *           "past_trips": [
                     *             {
                     *               "arrives_at": "2026-11-23T19:00:00.000Z",
                     *               "date": "2026-11-23",
                     *               "from": "Москва",
                     *               "success": false,
                     *               "to": "Казань",
                     *               "to_tz": "Europe/Moscow"
                     *             }
                     *           ],
                     *           "price": 300,
                     *           "rating": 0,
                     *           "reviews": [],
                     *           "reviews_count": 0,
                     *           "state": "active",
                     *           "stops": [
                     *             "Москва",
                     *             "Нижний Новгород",
                     *             "Казань"
                     *           ],
                     *           "telegram_username": "oleg",
                     *           "time": "08:00 → 22:00",
                     *           "to": "Казань",
                     *           "to_place": {
                     *             "id": 551487,
                     *             "lat": 55.78874,
                     *             "lon": 49.12214,
                     *             "name_en": "Kazan",
                     *             "name_ru": "Казань",
                     *             "tz": "Europe/Moscow"
                     *           },
                     *           "to_tz": "Europe/Moscow",
                     *           "transport": "car",
                     *           "tripComment": "",
                     *           "trip_comment": "",
                     *           "trip_id": "01990000-0000-7000-8000-00000000000c",
                     *           "trips_count": 0,
                     *           "verified": true,
                     *           "version": 3
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["Couriers"];
                };
            };
            /** @description Bad Request. */
            400: components["responses"]["Status400"];
            /**
             * @description - `invalid`: understood, but `fields` says what will not do
             *     - `ambiguous_place`: the name of a place means several: `candidates` says which
             */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {string} */
                        code?: "invalid" | "ambiguous_place";
                    };
                };
            };
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    send_package: {
        parameters: {
            query?: never;
            header?: {
                /** @description Names the call: with the same key it can be repeated for a day, with one effect and one answer. */
                "Idempotency-Key"?: string;
            };
            path: {
                /** @description The courier or the trip */
                courier_id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "message": "Возьмёте?",
                 *       "package_id": "01990000-0000-7000-8000-00000000000d"
                 *     }
                 */
                "application/json": components["schemas"]["SendPackage"];
            };
        };
        responses: {
            /** @description A courier was asked. */
            201: {
                headers: {
                    /** @description `true` if this is the answer of an earlier call with the same key. */
                    "Idempotent-Replayed"?: boolean;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "package_id": "01990000-0000-7000-8000-00000000000d",
                     *       "request_id": "01990000-0000-7000-8000-00000000000e",
                     *       "success": true
                     *     }
                     */
                    "application/json": components["schemas"]["PackageSent"];
                };
            };
            /** @description Bad Request. */
            400: components["responses"]["Status400"];
            /** @description Unauthorized. */
            401: components["responses"]["Status401"];
            /** @description Not Found. */
            404: components["responses"]["Status404"];
            /**
             * @description - `conflict`: somebody else changed it at the same moment: try again
             *     - `already_requested`: there is an open request for this package and this trip already
             *     - `too_many_requests`: too many couriers were asked about this package
             *     - `illegal_transition`: not in this state
             *     - `already_taken`: another courier has the package
             *     - `expired`: too late: the time to answer, or the package's own, is over
             *     - `trip_not_live`: the trip is over or called off
             *     - `no_room`: the trip has no room left for it
             *     - `too_many_packages`: the sender has as many packages open, patterns included, as there may be: `limit`
             *     - `too_many_pending`: as many of the caller's requests wait for an answer as there may be: `limit`
             *     - `too_many_on_trip`: as many requests wait on this trip as there may be: `limit`
             *     - `party_gone`: the sender or the courier has deleted the account, or was shut out
             *     - `in_progress`: the same call is still being carried out: ask again, as `Retry-After` says
             *     - `answered_before`: the same call was carried out a moment ago: ask again for its answer
             */
            409: {
                headers: {
                    /** @description After how many seconds to try again, if that may help. */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {string} */
                        code?: "conflict" | "already_requested" | "too_many_requests" | "illegal_transition" | "already_taken" | "expired" | "trip_not_live" | "no_room" | "too_many_packages" | "too_many_pending" | "too_many_on_trip" | "party_gone" | "in_progress" | "answered_before";
                    };
                };
            };
            /**
             * @description - `invalid`: understood, but `fields` says what will not do
             *     - `ambiguous_place`: the name of a place means several: `candidates` says which
             *     - `does_not_suit`: the package does not suit the trip: another way, time or size
             *     - `own_package`: one's own package cannot be carried by oneself
             *     - `key_reused`: the `Idempotency-Key` was used for another call
             */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {string} */
                        code?: "invalid" | "ambiguous_place" | "does_not_suit" | "own_package" | "key_reused";
                    };
                };
            };
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    publish_trip: {
        parameters: {
            query?: never;
            header?: {
                /** @description Names the call: with the same key it can be repeated for a day, with one effect and one answer. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "airport": "",
                 *       "capacity": "large",
                 *       "date": "2026-11-23",
                 *       "from": "Москва",
                 *       "max_detour_min": 60,
                 *       "price": 300,
                 *       "stops": [
                 *         "Нижний Новгород"
                 *       ],
                 *       "time": "08:00 → 22:00",
                 *       "to": "Казань",
                 *       "transportType": "car",
                 *       "trip_comment": "Еду один, место есть"
                 *     }
                 */
                "application/json": components["schemas"]["NewTrip"];
            };
        };
        responses: {
            /** @description A trip was published. */
            201: {
                headers: {
                    /** @description `true` if this is the answer of an earlier call with the same key. */
                    "Idempotent-Replayed"?: boolean;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "arrival_date": "2026-11-23",
                     *       "arrives_at": "2026-11-23T19:00:00.000Z",
                     *       "date": "2026-11-23",
                     *       "departs_at": "2026-11-23T05:00:00.000Z",
                     *       "from_tz": "Europe/Moscow",
                     *       "notes": [],
                     *       "success": true,
                     *       "time": "08:00 → 22:00",
                     *       "to_tz": "Europe/Moscow",
                     *       "trip_id": "01990000-0000-7000-8000-000000000009"
                     *     }
                     */
                    "application/json": components["schemas"]["TripPublished"];
                };
            };
            /** @description Bad Request. */
            400: components["responses"]["Status400"];
            /** @description Unauthorized. */
            401: components["responses"]["Status401"];
            /**
             * @description - `conflict`: somebody else changed it at the same moment: try again
             *     - `too_many_trips`: the courier has as many trips that are not over as there may be: `limit`
             *     - `in_progress`: the same call is still being carried out: ask again, as `Retry-After` says
             *     - `answered_before`: the same call was carried out a moment ago: ask again for its answer
             */
            409: {
                headers: {
                    /** @description After how many seconds to try again, if that may help. */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {string} */
                        code?: "conflict" | "too_many_trips" | "in_progress" | "answered_before";
                    };
                };
            };
            /**
             * @description - `invalid`: understood, but `fields` says what will not do
             *     - `ambiguous_place`: the name of a place means several: `candidates` says which
             *     - `key_reused`: the `Idempotency-Key` was used for another call
             */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {string} */
                        code?: "invalid" | "ambiguous_place" | "key_reused";
                    };
                };
            };
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    my_trips: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description One's own trips. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "trips": [
                     *         {
                     *           "airport": "",
                     *           "arrival_date": "2026-11-23",
                     *           "arrives_at": "2026-11-23T19:00:00.000Z",
                     *           "avatar": "/api/avatars/initials/7-I.svg",
                     *           "capacity_left_g": [
                     *             9000,
                     *             9000
                     *           ],
                     *           "date": "2026-11-23",
                     *           "departs_at": "2026-11-23T05:00:00.000Z",
                     *           "from": "Москва",
                     *           "from_place": {
                     *             "id": 524901,
                     *             "lat": 55.75204,
                     *             "lon": 37.61781,
                     *             "name_en": "Moscow",
                     *             "name_ru": "Москва",
                     *             "tz": "Europe/Moscow"
                     *           },
                     *           "from_tz": "Europe/Moscow",
                     *           "id": "01990000-0000-7000-8000-000000000009",
                     *           "itinerary": [
                     *             {
                     *               "arrives_at": "2026-11-23T05:00:00.000Z",
                     *               "country": "RU",
                     *               "date": "2026-11-23",
                     *               "departs_at": "2026-11-23T05:00:00.000Z",
                     *               "lat": 55.75204,
                     *               "lon": 37.61781,
                     *               "name": "Москва",
                     *               "name_en": "Moscow",
                     *               "name_ru": "Москва",
                     *               "place_id": "524901",
                     *               "time": "08:00",
                     *               "tz": "Europe/Moscow"
                     *             },
                     *             {
                     *               "arrives_at": "2026-11-23T12:06:00.000Z",
                     *               "country": "RU",
                     *               "date": "2026-11-23",
                     *               "departs_at": "2026-11-23T12:06:00.000Z",
                     *               "lat": 56.32867,
                     *               "lon": 44.00205,
                     *               "name": "Нижний Новгород",
                     *               "name_en": "Nizhny Novgorod",
                     *               "name_ru": "Нижний Новгород",
                     *               "place_id": "520555",
                     *               "time": "15:06",
                     *               "tz": "Europe/Moscow"
                     *             },
                     *             {
                     *               "arrives_at": "2026-11-23T19:00:00.000Z",
                     *               "country": "RU",
                     *               "date": "2026-11-23",
                     *               "departs_at": "2026-11-23T19:00:00.000Z",
                     *               "lat": 55.78874,
                     *               "lon": 49.12214,
                     *               "name": "Казань",
                     *               "name_en": "Kazan",
                     *               "name_ru": "Казань",
                     *               "place_id": "551487",
                     *               "time": "22:00",
                     *               "tz": "Europe/Moscow"
                     *             }
                     *           ],
                     *           "name": "Ivan",
                     *           "price": 300,
                     *           "rating": 5,
                     *           "reviews_count": 1,
                     *           "state": "active",
                     *           "stops": [
                     *             "Москва",
                     *             "Нижний Новгород",
                     *             "Казань"
                     *           ],
                     *           "time": "08:00 → 22:00",
                     *           "to": "Казань",
                     *           "to_place": {
                     *             "id": 551487,
                     *             "lat": 55.78874,
                     *             "lon": 49.12214,
                     *             "name_en": "Kazan",
                     *             "name_ru": "Казань",
                     *             "tz": "Europe/Moscow"
                     *           },
                     *           "to_tz": "Europe/Moscow",
                     *           "transport": "car",
                     *           "tripComment": "Еду один, место есть",
                     *           "trip_comment": "Еду один, место есть",
                     *           "trips_count": 1,
                     *           "verified": true,
                     *           "version": 2
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["MyTrips"];
                };
            };
            /** @description Unauthorized. */
            401: components["responses"]["Status401"];
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    show_trip: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The trip */
                trip_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A trip with its courier's profile folded in, as the Mini App shows it. */
            200: {
                headers: {
                    /** @description The version, for `If-Match`. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "airport": "",
                     *       "arrival_date": "2026-11-23",
                     *       "arrives_at": "2026-11-23T19:00:00.000Z",
                     *       "avatar": "/api/avatars/initials/7-I.svg",
                     *       "capacity_left_g": [
                     *         10000,
                     *         10000
                     *       ],
                     *       "date": "2026-11-23",
                     *       "departs_at": "2026-11-23T05:00:00.000Z",
                     *       "from": "Москва",
                     *       "from_place": {
                     *         "id": 524901,
                     *         "lat": 55.75204,
                     *         "lon": 37.61781,
                     *         "name_en": "Moscow",
                     *         "name_ru": "Москва",
                     *         "tz": "Europe/Moscow"
                     *       },
                     *       "from_tz": "Europe/Moscow",
                     *       "id": "01990000-0000-7000-8000-000000000009",
                     *       "itinerary": [
                     *         {
                     *           "arrives_at": "2026-11-23T05:00:00.000Z",
                     *           "country": "RU",
                     *           "date": "2026-11-23",
                     *           "departs_at": "2026-11-23T05:00:00.000Z",
                     *           "lat": 55.75204,
                     *           "lon": 37.61781,
                     *           "name": "Москва",
                     *           "name_en": "Moscow",
                     *           "name_ru": "Москва",
                     *           "place_id": "524901",
                     *           "time": "08:00",
                     *           "tz": "Europe/Moscow"
                     *         },
                     *         {
                     *           "arrives_at": "2026-11-23T12:06:00.000Z",
                     *           "country": "RU",
                     *           "date": "2026-11-23",
                     *           "departs_at": "2026-11-23T12:06:00.000Z",
                     *           "lat": 56.32867,
                     *           "lon": 44.00205,
                     *           "name": "Нижний Новгород",
                     *           "name_en": "Nizhny Novgorod",
                     *           "name_ru": "Нижний Новгород",
                     *           "place_id": "520555",
                     *           "time": "15:06",
                     *           "tz": "Europe/Moscow"
                     *         },
                     *         {
                     *           "arrives_at": "2026-11-23T19:00:00.000Z",
                     *           "country": "RU",
                     *           "date": "2026-11-23",
                     *           "departs_at": "2026-11-23T19:00:00.000Z",
                     *           "lat": 55.78874,
                     *           "lon": 49.12214,
                     *           "name": "Казань",
                     *           "name_en": "Kazan",
                     *           "name_ru": "Казань",
                     *           "place_id": "551487",
                     *           "time": "22:00",
                     *           "tz": "Europe/Moscow"
                     *         }
                     *       ],
                     *       "name": "Ivan",
                     *       "price": 300,
                     *       "rating": 0,
                     *       "reviews_count": 0,
                     *       "state": "active",
                     *       "stops": [
                     *         "Москва",
                     *         "Нижний Новгород",
                     *         "Казань"
                     *       ],
                     *       "time": "08:00 → 22:00",
                     *       "to": "Казань",
                     *       "to_place": {
                     *         "id": 551487,
                     *         "lat": 55.78874,
                     *         "lon": 49.12214,
                     *         "name_en": "Kazan",
                     *         "name_ru": "Казань",
                     *         "tz": "Europe/Moscow"
                     *       },
                     *       "to_tz": "Europe/Moscow",
                     *       "transport": "car",
                     *       "tripComment": "Еду один, место есть",
                     *       "trip_comment": "Еду один, место есть",
                     *       "trips_count": 0,
                     *       "verified": true,
                     *       "version": 1
                     *     }
                     */
                    "application/json": components["schemas"]["TripView"];
                };
            };
            /** @description Unauthorized. */
            401: components["responses"]["Status401"];
            /** @description Not Found. */
            404: components["responses"]["Status404"];
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    cancel_trip: {
        parameters: {
            query?: never;
            header?: {
                /** @description Names the call: with the same key it can be repeated for a day, with one effect and one answer. */
                "Idempotency-Key"?: string;
                /** @description The `ETag` that was seen last: 412 if there is a newer version by now. */
                "If-Match"?: string;
            };
            path: {
                /** @description The trip */
                trip_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A trip was called off. */
            200: {
                headers: {
                    /** @description `true` if this is the answer of an earlier call with the same key. */
                    "Idempotent-Replayed"?: boolean;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "state": "cancelled",
                     *       "success": true
                     *     }
                     */
                    "application/json": components["schemas"]["TripCancelled"];
                };
            };
            /** @description Unauthorized. */
            401: components["responses"]["Status401"];
            /** @description Not Found. */
            404: components["responses"]["Status404"];
            /**
             * @description - `conflict`: somebody else changed it at the same moment: try again
             *     - `illegal_transition`: not in this state
             *     - `trip_not_live`: the trip is over or called off
             *     - `parcels_on_board`: a trip with parcels on board cannot be called off
             *     - `in_progress`: the same call is still being carried out: ask again, as `Retry-After` says
             *     - `answered_before`: the same call was carried out a moment ago: ask again for its answer
             */
            409: {
                headers: {
                    /** @description After how many seconds to try again, if that may help. */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {string} */
                        code?: "conflict" | "illegal_transition" | "trip_not_live" | "parcels_on_board" | "in_progress" | "answered_before";
                    };
                };
            };
            /** @description - `stale`: it has changed since the version in `If-Match`: look again */
            412: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {string} */
                        code?: "stale";
                    };
                };
            };
            /**
             * @description - `invalid`: understood, but `fields` says what will not do
             *     - `key_reused`: the `Idempotency-Key` was used for another call
             */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {string} */
                        code?: "invalid" | "key_reused";
                    };
                };
            };
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    trip_requests: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The trip */
                trip_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The requests of a trip. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "requests": [
                     *         {
                     *           "delivery_address": "ул. Мира, 2",
                     *           "delivery_location": "Казань, ул. Мира, 2",
                     *           "dropoff": {
                     *             "eta": "2026-11-23T19:00:00.000Z",
                     *             "place": {
                     *               "id": 551487,
                     *               "lat": 55.78874,
                     *               "lon": 49.12214,
                     *               "name_en": "Kazan",
                     *               "name_ru": "Казань",
                     *               "tz": "Europe/Moscow"
                     *             }
                     *           },
                     *           "hand_over_codes": true,
                     *           "id": "01990000-0000-7000-8000-00000000000a",
                     *           "is_new": false,
                     *           "message": "Возьмёте?",
                     *           "origin": "sender",
                     *           "package_description": "Книги, одна коробка",
                     *           "package_id": "01990000-0000-7000-8000-000000000008",
                     *           "payout": 405,
                     *           "pickup": {
                     *             "eta": "2026-11-23T05:00:00.000Z",
                     *             "place": {
                     *               "id": 524901,
                     *               "lat": 55.75204,
                     *               "lon": 37.61781,
                     *               "name_en": "Moscow",
                     *               "name_ru": "Москва",
                     *               "tz": "Europe/Moscow"
                     *             }
                     *           },
                     *           "pickup_address": "ул. Ленина, 1",
                     *           "pickup_location": "Москва, ул. Ленина, 1",
                     *           "reward": 450,
                     *           "sender_avatar": "/api/avatars/initials/2-A.svg",
                     *           "sender_name": "Anna",
                     *           "sender_telegram": "anna",
                     *           "state": "accepted",
                     *           "status": "accepted",
                     *           "timestamp": "2026-11-21T15:32:29.544Z",
                     *           "trip_id": "01990000-0000-7000-8000-000000000009"
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["TripRequestsView"];
                };
            };
            /** @description Unauthorized. */
            401: components["responses"]["Status401"];
            /** @description Not Found. */
            404: components["responses"]["Status404"];
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    accept_request: {
        parameters: {
            query?: never;
            header?: {
                /** @description Names the call: with the same key it can be repeated for a day, with one effect and one answer. */
                "Idempotency-Key"?: string;
            };
            path: {
                /** @description The request */
                request_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A step was taken, or had been taken before. */
            200: {
                headers: {
                    /** @description `true` if this is the answer of an earlier call with the same key. */
                    "Idempotent-Replayed"?: boolean;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "balance_update": {
                     *         "frozen": 500
                     *       },
                     *       "new_status": "accepted",
                     *       "success": true
                     *     }
                     */
                    "application/json": components["schemas"]["RequestStep"];
                };
            };
            /** @description Unauthorized. */
            401: components["responses"]["Status401"];
            /**
             * @description - `forbidden`: the caller's role, or the way things are set up, does not allow it
             *     - `origin_not_allowed`: the page is of an origin that is not in PEERPACK_ALLOWED_ORIGINS
             *     - `wrong_party`: this step is the other party's
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {string} */
                        code?: "forbidden" | "origin_not_allowed" | "wrong_party";
                    };
                };
            };
            /** @description Not Found. */
            404: components["responses"]["Status404"];
            /**
             * @description - `conflict`: somebody else changed it at the same moment: try again
             *     - `no_room`: the trip has no room left for it
             *     - `insufficient_funds`: there is not enough money: the sender's for the reward, or one's own to take out
             *     - `illegal_transition`: not in this state
             *     - `already_taken`: another courier has the package
             *     - `expired`: too late: the time to answer, or the package's own, is over
             *     - `trip_not_live`: the trip is over or called off
             *     - `party_gone`: the sender or the courier has deleted the account, or was shut out
             *     - `in_progress`: the same call is still being carried out: ask again, as `Retry-After` says
             *     - `answered_before`: the same call was carried out a moment ago: ask again for its answer
             */
            409: {
                headers: {
                    /** @description After how many seconds to try again, if that may help. */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {string} */
                        code?: "conflict" | "no_room" | "insufficient_funds" | "illegal_transition" | "already_taken" | "expired" | "trip_not_live" | "party_gone" | "in_progress" | "answered_before";
                    };
                };
            };
            /**
             * @description - `invalid`: understood, but `fields` says what will not do
             *     - `does_not_suit`: the package does not suit the trip: another way, time or size
             *     - `key_reused`: the `Idempotency-Key` was used for another call
             */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {string} */
                        code?: "invalid" | "does_not_suit" | "key_reused";
                    };
                };
            };
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    decline_request: {
        parameters: {
            query?: never;
            header?: {
                /** @description Names the call: with the same key it can be repeated for a day, with one effect and one answer. */
                "Idempotency-Key"?: string;
            };
            path: {
                /** @description The request */
                request_id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                /**
                 * @example {
                 *       "reason": "Нет места"
                 *     }
                 */
                "application/json": components["schemas"]["DeclineRequest"] | null;
            };
        };
        responses: {
            /** @description A step was taken, or had been taken before. */
            200: {
                headers: {
                    /** @description `true` if this is the answer of an earlier call with the same key. */
                    "Idempotent-Replayed"?: boolean;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "new_status": "declined",
                     *       "success": true
                     *     }
                     */
                    "application/json": components["schemas"]["RequestStep"];
                };
            };
            /** @description Bad Request. */
            400: components["responses"]["Status400"];
            /** @description Unauthorized. */
            401: components["responses"]["Status401"];
            /**
             * @description - `forbidden`: the caller's role, or the way things are set up, does not allow it
             *     - `origin_not_allowed`: the page is of an origin that is not in PEERPACK_ALLOWED_ORIGINS
             *     - `wrong_party`: this step is the other party's
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {string} */
                        code?: "forbidden" | "origin_not_allowed" | "wrong_party";
                    };
                };
            };
            /** @description Not Found. */
            404: components["responses"]["Status404"];
            /**
             * @description - `conflict`: somebody else changed it at the same moment: try again
             *     - `illegal_transition`: not in this state
             *     - `already_taken`: another courier has the package
             *     - `expired`: too late: the time to answer, or the package's own, is over
             *     - `trip_not_live`: the trip is over or called off
             *     - `in_progress`: the same call is still being carried out: ask again, as `Retry-After` says
             *     - `answered_before`: the same call was carried out a moment ago: ask again for its answer
             */
            409: {
                headers: {
                    /** @description After how many seconds to try again, if that may help. */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {string} */
                        code?: "conflict" | "illegal_transition" | "already_taken" | "expired" | "trip_not_live" | "in_progress" | "answered_before";
                    };
                };
            };
            /**
             * @description - `invalid`: understood, but `fields` says what will not do
             *     - `key_reused`: the `Idempotency-Key` was used for another call
             */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {string} */
                        code?: "invalid" | "key_reused";
                    };
                };
            };
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    mark_picked_up: {
        parameters: {
            query?: never;
            header?: {
                /** @description Names the call: with the same key it can be repeated for a day, with one effect and one answer. */
                "Idempotency-Key"?: string;
            };
            path: {
                /** @description The request */
                request_id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                /**
                 * @example {
                 *       "code": "964956"
                 *     }
                 */
                "application/json": components["schemas"]["HandOverCodeShown"] | null;
            };
        };
        responses: {
            /** @description A step was taken, or had been taken before. */
            200: {
                headers: {
                    /** @description `true` if this is the answer of an earlier call with the same key. */
                    "Idempotent-Replayed"?: boolean;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "new_status": "picked_up",
                     *       "success": true
                     *     }
                     */
                    "application/json": components["schemas"]["RequestStep"];
                };
            };
            /** @description Unauthorized. */
            401: components["responses"]["Status401"];
            /**
             * @description - `forbidden`: the caller's role, or the way things are set up, does not allow it
             *     - `origin_not_allowed`: the page is of an origin that is not in PEERPACK_ALLOWED_ORIGINS
             *     - `wrong_party`: this step is the other party's
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {string} */
                        code?: "forbidden" | "origin_not_allowed" | "wrong_party";
                    };
                };
            };
            /** @description Not Found. */
            404: components["responses"]["Status404"];
            /**
             * @description - `conflict`: somebody else changed it at the same moment: try again
             *     - `illegal_transition`: not in this state
             *     - `already_taken`: another courier has the package
             *     - `expired`: too late: the time to answer, or the package's own, is over
             *     - `trip_not_live`: the trip is over or called off
             *     - `in_progress`: the same call is still being carried out: ask again, as `Retry-After` says
             *     - `answered_before`: the same call was carried out a moment ago: ask again for its answer
             */
            409: {
                headers: {
                    /** @description After how many seconds to try again, if that may help. */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {string} */
                        code?: "conflict" | "illegal_transition" | "already_taken" | "expired" | "trip_not_live" | "in_progress" | "answered_before";
                    };
                };
            };
            /**
             * @description - `invalid`: understood, but `fields` says what will not do
             *     - `code_required`: the package changes hands only with its code
             *     - `key_reused`: the `Idempotency-Key` was used for another call
             */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {string} */
                        code?: "invalid" | "code_required" | "key_reused";
                    };
                };
            };
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    mark_delivered: {
        parameters: {
            query?: never;
            header?: {
                /** @description Names the call: with the same key it can be repeated for a day, with one effect and one answer. */
                "Idempotency-Key"?: string;
            };
            path: {
                /** @description The request */
                request_id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                /**
                 * @example {
                 *       "code": "598164"
                 *     }
                 */
                "application/json": components["schemas"]["HandOverCodeShown"] | null;
            };
        };
        responses: {
            /** @description A step was taken, or had been taken before. */
            200: {
                headers: {
                    /** @description `true` if this is the answer of an earlier call with the same key. */
                    "Idempotent-Replayed"?: boolean;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "balance_update": {
                     *         "frozen": -450,
                     *         "pending": 450
                     *       },
                     *       "new_status": "delivered",
                     *       "success": true
                     *     }
                     */
                    "application/json": components["schemas"]["RequestStep"];
                };
            };
            /** @description Unauthorized. */
            401: components["responses"]["Status401"];
            /**
             * @description - `forbidden`: the caller's role, or the way things are set up, does not allow it
             *     - `origin_not_allowed`: the page is of an origin that is not in PEERPACK_ALLOWED_ORIGINS
             *     - `wrong_party`: this step is the other party's
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {string} */
                        code?: "forbidden" | "origin_not_allowed" | "wrong_party";
                    };
                };
            };
            /** @description Not Found. */
            404: components["responses"]["Status404"];
            /**
             * @description - `conflict`: somebody else changed it at the same moment: try again
             *     - `illegal_transition`: not in this state
             *     - `already_taken`: another courier has the package
             *     - `expired`: too late: the time to answer, or the package's own, is over
             *     - `trip_not_live`: the trip is over or called off
             *     - `in_progress`: the same call is still being carried out: ask again, as `Retry-After` says
             *     - `answered_before`: the same call was carried out a moment ago: ask again for its answer
             */
            409: {
                headers: {
                    /** @description After how many seconds to try again, if that may help. */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {string} */
                        code?: "conflict" | "illegal_transition" | "already_taken" | "expired" | "trip_not_live" | "in_progress" | "answered_before";
                    };
                };
            };
            /**
             * @description - `invalid`: understood, but `fields` says what will not do
             *     - `code_required`: the package changes hands only with its code
             *     - `key_reused`: the `Idempotency-Key` was used for another call
             */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {string} */
                        code?: "invalid" | "code_required" | "key_reused";
                    };
                };
            };
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    confirm_delivery: {
        parameters: {
            query?: never;
            header?: {
                /** @description Names the call: with the same key it can be repeated for a day, with one effect and one answer. */
                "Idempotency-Key"?: string;
            };
            path: {
                /** @description The request */
                request_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A step was taken, or had been taken before. */
            200: {
                headers: {
                    /** @description `true` if this is the answer of an earlier call with the same key. */
                    "Idempotent-Replayed"?: boolean;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "balance_update": {
                     *         "available": 405,
                     *         "pending": -450
                     *       },
                     *       "new_status": "confirmed",
                     *       "success": true
                     *     }
                     */
                    "application/json": components["schemas"]["RequestStep"];
                };
            };
            /** @description Unauthorized. */
            401: components["responses"]["Status401"];
            /**
             * @description - `forbidden`: the caller's role, or the way things are set up, does not allow it
             *     - `origin_not_allowed`: the page is of an origin that is not in PEERPACK_ALLOWED_ORIGINS
             *     - `wrong_party`: this step is the other party's
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {string} */
                        code?: "forbidden" | "origin_not_allowed" | "wrong_party";
                    };
                };
            };
            /** @description Not Found. */
            404: components["responses"]["Status404"];
            /**
             * @description - `conflict`: somebody else changed it at the same moment: try again
             *     - `illegal_transition`: not in this state
             *     - `already_taken`: another courier has the package
             *     - `expired`: too late: the time to answer, or the package's own, is over
             *     - `trip_not_live`: the trip is over or called off
             *     - `in_progress`: the same call is still being carried out: ask again, as `Retry-After` says
             *     - `answered_before`: the same call was carried out a moment ago: ask again for its answer
             */
            409: {
                headers: {
                    /** @description After how many seconds to try again, if that may help. */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {string} */
                        code?: "conflict" | "illegal_transition" | "already_taken" | "expired" | "trip_not_live" | "in_progress" | "answered_before";
                    };
                };
            };
            /**
             * @description - `invalid`: understood, but `fields` says what will not do
             *     - `key_reused`: the `Idempotency-Key` was used for another call
             */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {string} */
                        code?: "invalid" | "key_reused";
                    };
                };
            };
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    cancel_request: {
        parameters: {
            query?: never;
            header?: {
                /** @description Names the call: with the same key it can be repeated for a day, with one effect and one answer. */
                "Idempotency-Key"?: string;
            };
            path: {
                /** @description The request */
                request_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A step was taken, or had been taken before. */
            200: {
                headers: {
                    /** @description `true` if this is the answer of an earlier call with the same key. */
                    "Idempotent-Replayed"?: boolean;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "balance_update": {
                     *         "frozen": -500
                     *       },
                     *       "new_status": "cancelled",
                     *       "success": true
                     *     }
                     */
                    "application/json": components["schemas"]["RequestStep"];
                };
            };
            /** @description Unauthorized. */
            401: components["responses"]["Status401"];
            /**
             * @description - `forbidden`: the caller's role, or the way things are set up, does not allow it
             *     - `origin_not_allowed`: the page is of an origin that is not in PEERPACK_ALLOWED_ORIGINS
             *     - `wrong_party`: this step is the other party's
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {string} */
                        code?: "forbidden" | "origin_not_allowed" | "wrong_party";
                    };
                };
            };
            /** @description Not Found. */
            404: components["responses"]["Status404"];
            /**
             * @description - `conflict`: somebody else changed it at the same moment: try again
             *     - `illegal_transition`: not in this state
             *     - `already_taken`: another courier has the package
             *     - `expired`: too late: the time to answer, or the package's own, is over
             *     - `trip_not_live`: the trip is over or called off
             *     - `in_progress`: the same call is still being carried out: ask again, as `Retry-After` says
             *     - `answered_before`: the same call was carried out a moment ago: ask again for its answer
             */
            409: {
                headers: {
                    /** @description After how many seconds to try again, if that may help. */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {string} */
                        code?: "conflict" | "illegal_transition" | "already_taken" | "expired" | "trip_not_live" | "in_progress" | "answered_before";
                    };
                };
            };
            /**
             * @description - `invalid`: understood, but `fields` says what will not do
             *     - `key_reused`: the `Idempotency-Key` was used for another call
             */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {string} */
                        code?: "invalid" | "key_reused";
                    };
                };
            };
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    dispute_delivery: {
        parameters: {
            query?: never;
            header?: {
                /** @description Names the call: with the same key it can be repeated for a day, with one effect and one answer. */
                "Idempotency-Key"?: string;
            };
            path: {
                /** @description The request */
                request_id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "reason": "Коробка пуста"
                 *     }
                 */
                "application/json": components["schemas"]["NewDispute"];
            };
        };
        responses: {
            /** @description A step was taken, or had been taken before. */
            200: {
                headers: {
                    /** @description `true` if this is the answer of an earlier call with the same key. */
                    "Idempotent-Replayed"?: boolean;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "new_status": "disputed",
                     *       "success": true
                     *     }
                     */
                    "application/json": components["schemas"]["RequestStep"];
                };
            };
            /** @description Bad Request. */
            400: components["responses"]["Status400"];
            /** @description Unauthorized. */
            401: components["responses"]["Status401"];
            /**
             * @description - `forbidden`: the caller's role, or the way things are set up, does not allow it
             *     - `origin_not_allowed`: the page is of an origin that is not in PEERPACK_ALLOWED_ORIGINS
             *     - `wrong_party`: this step is the other party's
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {string} */
                        code?: "forbidden" | "origin_not_allowed" | "wrong_party";
                    };
                };
            };
            /** @description Not Found. */
            404: components["responses"]["Status404"];
            /**
             * @description - `conflict`: somebody else changed it at the same moment: try again
             *     - `illegal_transition`: not in this state
             *     - `in_progress`: the same call is still being carried out: ask again, as `Retry-After` says
             *     - `answered_before`: the same call was carried out a moment ago: ask again for its answer
             */
            409: {
                headers: {
                    /** @description After how many seconds to try again, if that may help. */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {string} */
                        code?: "conflict" | "illegal_transition" | "in_progress" | "answered_before";
                    };
                };
            };
            /**
             * @description - `invalid`: understood, but `fields` says what will not do
             *     - `key_reused`: the `Idempotency-Key` was used for another call
             */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {string} */
                        code?: "invalid" | "key_reused";
                    };
                };
            };
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    hand_over_codes: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The request */
                request_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The codes of a deal, for its sender. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "delivery": {
                     *         "code": "598164",
                     *         "qr": "peerpack:delivery:01990000-0000-7000-8000-00000000000a:598164"
                     *       },
                     *       "pickup": {
                     *         "code": "964956",
                     *         "qr": "peerpack:pickup:01990000-0000-7000-8000-00000000000a:964956"
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["HandOverCodes"];
                };
            };
            /** @description Unauthorized. */
            401: components["responses"]["Status401"];
            /** @description Not Found. */
            404: components["responses"]["Status404"];
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    show_photo: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The request */
                request_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The photograph */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "image/jpeg": components["schemas"]["FileBytes"];
                };
            };
            /** @description Unauthorized. */
            401: components["responses"]["Status401"];
            /** @description Not Found. */
            404: components["responses"]["Status404"];
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    attach_photo: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The request */
                request_id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "multipart/form-data": components["schemas"]["UploadForm"];
            };
        };
        responses: {
            /** @description The photograph is attached. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "success": true
                     *     }
                     */
                    "application/json": components["schemas"]["PhotoAttached"];
                };
            };
            /** @description Bad Request. */
            400: components["responses"]["Status400"];
            /** @description Unauthorized. */
            401: components["responses"]["Status401"];
            /**
             * @description - `forbidden`: the caller's role, or the way things are set up, does not allow it
             *     - `origin_not_allowed`: the page is of an origin that is not in PEERPACK_ALLOWED_ORIGINS
             *     - `wrong_party`: this step is the other party's
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {string} */
                        code?: "forbidden" | "origin_not_allowed" | "wrong_party";
                    };
                };
            };
            /** @description Not Found. */
            404: components["responses"]["Status404"];
            /**
             * @description - `conflict`: somebody else changed it at the same moment: try again
             *     - `illegal_transition`: not in this state
             *     - `photo_attached`: there is a photograph already, and it stays
             */
            409: {
                headers: {
                    /** @description After how many seconds to try again, if that may help. */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {string} */
                        code?: "conflict" | "illegal_transition" | "photo_attached";
                    };
                };
            };
            /** @description Payload Too Large. */
            413: components["responses"]["Status413"];
            /** @description Unsupported Media Type. */
            415: components["responses"]["Status415"];
            /** @description Unprocessable Entity. */
            422: components["responses"]["Status422"];
            /** @description Too Many Requests. */
            429: components["responses"]["Status429"];
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    review_delivery: {
        parameters: {
            query?: never;
            header?: {
                /** @description Names the call: with the same key it can be repeated for a day, with one effect and one answer. */
                "Idempotency-Key"?: string;
            };
            path: {
                /** @description The request */
                request_id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "rating": 5,
                 *       "text": "Спасибо!"
                 *     }
                 */
                "application/json": components["schemas"]["NewReview"];
            };
        };
        responses: {
            /** @description It is kept. */
            201: {
                headers: {
                    /** @description `true` if this is the answer of an earlier call with the same key. */
                    "Idempotent-Replayed"?: boolean;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "success": true
                     *     }
                     */
                    "application/json": components["schemas"]["ReviewKept"];
                };
            };
            /** @description Bad Request. */
            400: components["responses"]["Status400"];
            /** @description Unauthorized. */
            401: components["responses"]["Status401"];
            /** @description Not Found. */
            404: components["responses"]["Status404"];
            /**
             * @description - `conflict`: somebody else changed it at the same moment: try again
             *     - `illegal_transition`: not in this state
             *     - `already_reviewed`: one review for each party and delivery
             *     - `in_progress`: the same call is still being carried out: ask again, as `Retry-After` says
             *     - `answered_before`: the same call was carried out a moment ago: ask again for its answer
             */
            409: {
                headers: {
                    /** @description After how many seconds to try again, if that may help. */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {string} */
                        code?: "conflict" | "illegal_transition" | "already_reviewed" | "in_progress" | "answered_before";
                    };
                };
            };
            /**
             * @description - `invalid`: understood, but `fields` says what will not do
             *     - `key_reused`: the `Idempotency-Key` was used for another call
             */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {string} */
                        code?: "invalid" | "key_reused";
                    };
                };
            };
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    my_notifications: {
        parameters: {
            query?: {
                /** @description Only those before this one, as the last answer named it. */
                before?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Notifications. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "notifications": [
                     *         {
                     *           "action_url": "/wallet",
                     *           "amount": 500,
                     *           "courier_name": "Ivan",
                     *           "id": "9",
                     *           "is_read": false,
                     *           "message": "Вам возвращено 500.00 ₽ за доставку: Книги, одна коробка",
                     *           "package_description": "Книги, одна коробка",
                     *           "timestamp": "2026-11-23T20:14:05.120Z",
                     *           "title": "Оператор решил в вашу пользу",
                     *           "transaction_id": "01990000-0000-7000-8000-00000000000a:refund",
                     *           "type": "dispute_resolved"
                     *         },
                     *         {
                     *           "action_url": "/package/01990000-0000-7000-8000-000000000008",
                     *           "courier_name": "Ivan",
                     *           "id": "4",
                     *           "is_read": false,
                     *           "message": "Ivan готов(а) взять: Книги, одна коробка",
                     *           "package_description": "Книги, одна коробка",
                     *           "timestamp": "2026-11-21T15:32:29.544Z",
                     *           "title": "Ответ курьера",
                     *           "type": "package_request_response"
                     *         },
                     *         {
                     *           "action_url": "/courier/01990000-0000-7000-8000-000000000004",
                     *           "courier_name": "Oleg",
                     *           "date": "2026-11-23",
                     *           "departs_at": "2026-11-23T05:00:00.000Z",
                     *           "from_tz": "Europe/Moscow",
                     *           "id": "3",
                     *           "is_read": false,
                     *           "message": "Oleg едет Москва → Казань, 2026-11-23 в 08:00 по местному времени",
                     *           "route": "Москва → Казань",
                     *           "timestamp": "2026-11-21T15:32:29.504Z",
                     *           "title": "Новый курьер на маршруте",
                     *           "type": "new_courier_available"
                     *         }
                     *       ],
                     *       "unread_count": 4
                     *     }
                     */
                    "application/json": components["schemas"]["Notifications"];
                };
            };
            /** @description Bad Request. */
            400: components["responses"]["Status400"];
            /** @description Unauthorized. */
            401: components["responses"]["Status401"];
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    read_notification: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The notification */
                notification_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It was read. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "success": true
                     *     }
                     */
                    "application/json": components["schemas"]["NotificationRead"];
                };
            };
            /** @description Unauthorized. */
            401: components["responses"]["Status401"];
            /** @description Not Found. */
            404: components["responses"]["Status404"];
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    read_all_notifications: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description All were read. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "marked_count": 3,
                     *       "success": true
                     *     }
                     */
                    "application/json": components["schemas"]["NotificationsRead"];
                };
            };
            /** @description Unauthorized. */
            401: components["responses"]["Status401"];
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    my_subscriptions: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description One's standing questions. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "subscriptions": [
                     *         {
                     *           "created_at": "2026-11-21T15:32:30.464Z",
                     *           "from_en": "Moscow",
                     *           "from_ru": "Москва",
                     *           "since": "2026-11-21T15:32:30.464Z",
                     *           "subscription_id": "01990000-0000-7000-8000-000000000060",
                     *           "to_en": "Kazan",
                     *           "to_ru": "Казань",
                     *           "until": "2027-02-19T15:32:30.464Z",
                     *           "wanted": "trips"
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["Subscriptions"];
                };
            };
            /** @description Unauthorized. */
            401: components["responses"]["Status401"];
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    subscribe: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "from": "Москва",
                 *       "to": "Казань",
                 *       "wanted": "trips"
                 *     }
                 */
                "application/json": components["schemas"]["NewSubscription"];
            };
        };
        responses: {
            /** @description A standing question. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "created_at": "2026-11-21T15:32:30.464Z",
                     *       "from_en": "Moscow",
                     *       "from_ru": "Москва",
                     *       "since": "2026-11-21T15:32:30.464Z",
                     *       "subscription_id": "01990000-0000-7000-8000-000000000060",
                     *       "to_en": "Kazan",
                     *       "to_ru": "Казань",
                     *       "until": "2027-02-19T15:32:30.464Z",
                     *       "wanted": "trips"
                     *     }
                     */
                    "application/json": components["schemas"]["Subscription"];
                };
            };
            /** @description Bad Request. */
            400: components["responses"]["Status400"];
            /** @description Unauthorized. */
            401: components["responses"]["Status401"];
            /**
             * @description - `conflict`: somebody else changed it at the same moment: try again
             *     - `too_many_subscriptions`: twenty standing questions are the most: take one back first
             */
            409: {
                headers: {
                    /** @description After how many seconds to try again, if that may help. */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {string} */
                        code?: "conflict" | "too_many_subscriptions";
                    };
                };
            };
            /**
             * @description - `invalid`: understood, but `fields` says what will not do
             *     - `ambiguous_place`: the name of a place means several: `candidates` says which
             */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {string} */
                        code?: "invalid" | "ambiguous_place";
                    };
                };
            };
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    unsubscribe: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The question */
                subscription_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It stands no longer. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "success": true
                     *     }
                     */
                    "application/json": components["schemas"]["SubscriptionEnded"];
                };
            };
            /** @description Unauthorized. */
            401: components["responses"]["Status401"];
            /** @description Not Found. */
            404: components["responses"]["Status404"];
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    bot_notifications: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description What one hears from the bot. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "available": true,
                     *       "courier_chosen": true,
                     *       "dispute_opened": true,
                     *       "dispute_resolved": true,
                     *       "document_reviewed": true,
                     *       "messagesPerHour": 20,
                     *       "new_courier_available": true,
                     *       "new_package_available": true,
                     *       "notificationsAsked": true,
                     *       "notificationsEnabled": true,
                     *       "package_delivered": true,
                     *       "package_request_declined": true,
                     *       "package_request_response": true,
                     *       "payment_received": true,
                     *       "reminder": true,
                     *       "subscription_matched": true,
                     *       "trip_request_received": true
                     *     }
                     */
                    "application/json": components["schemas"]["BotNotifications"];
                };
            };
            /** @description Unauthorized. */
            401: components["responses"]["Status401"];
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    let_bot_write: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "granted": true
                 *     }
                 */
                "application/json": components["schemas"]["BotPermission"];
            };
        };
        responses: {
            /** @description What one hears from the bot. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "available": true,
                     *       "courier_chosen": true,
                     *       "dispute_opened": true,
                     *       "dispute_resolved": true,
                     *       "document_reviewed": true,
                     *       "messagesPerHour": 20,
                     *       "new_courier_available": true,
                     *       "new_package_available": true,
                     *       "notificationsAsked": true,
                     *       "notificationsEnabled": true,
                     *       "package_delivered": true,
                     *       "package_request_declined": true,
                     *       "package_request_response": true,
                     *       "payment_received": true,
                     *       "reminder": true,
                     *       "subscription_matched": true,
                     *       "trip_request_received": true
                     *     }
                     */
                    "application/json": components["schemas"]["BotNotifications"];
                };
            };
            /** @description Bad Request. */
            400: components["responses"]["Status400"];
            /** @description Unauthorized. */
            401: components["responses"]["Status401"];
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    toggle_bot_notifications: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "enabled": true
                 *     }
                 */
                "application/json": components["schemas"]["BotToggle"];
            };
        };
        responses: {
            /** @description What one hears from the bot. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "available": true,
                     *       "courier_chosen": true,
                     *       "dispute_opened": true,
                     *       "dispute_resolved": true,
                     *       "document_reviewed": true,
                     *       "messagesPerHour": 20,
                     *       "new_courier_available": true,
                     *       "new_package_available": true,
                     *       "notificationsAsked": true,
                     *       "notificationsEnabled": true,
                     *       "package_delivered": true,
                     *       "package_request_declined": true,
                     *       "package_request_response": true,
                     *       "payment_received": true,
                     *       "reminder": true,
                     *       "subscription_matched": true,
                     *       "trip_request_received": true
                     *     }
                     */
                    "application/json": components["schemas"]["BotNotifications"];
                };
            };
            /** @description Bad Request. */
            400: components["responses"]["Status400"];
            /** @description Unauthorized. */
            401: components["responses"]["Status401"];
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    set_bot_preference: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "enabled": false,
                 *       "eventType": "reminder"
                 *     }
                 */
                "application/json": components["schemas"]["BotPreference"];
            };
        };
        responses: {
            /** @description What one hears from the bot. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "available": true,
                     *       "courier_chosen": true,
                     *       "dispute_opened": true,
                     *       "dispute_resolved": true,
                     *       "document_reviewed": true,
                     *       "messagesPerHour": 20,
                     *       "new_courier_available": true,
                     *       "new_package_available": true,
                     *       "notificationsAsked": true,
                     *       "notificationsEnabled": true,
                     *       "package_delivered": true,
                     *       "package_request_declined": true,
                     *       "package_request_response": true,
                     *       "payment_received": true,
                     *       "reminder": false,
                     *       "subscription_matched": true,
                     *       "trip_request_received": true
                     *     }
                     */
                    "application/json": components["schemas"]["BotNotifications"];
                };
            };
            /** @description Bad Request. */
            400: components["responses"]["Status400"];
            /** @description Unauthorized. */
            401: components["responses"]["Status401"];
            /** @description Unprocessable Entity. */
            422: components["responses"]["Status422"];
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    set_bot_quiet_hours: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "quietHours": {
                 *         "from": "23:00",
                 *         "to": "08:00",
                 *         "zone": "Europe/Moscow"
                 *       }
                 *     }
                 */
                "application/json": components["schemas"]["BotQuietHours"];
            };
        };
        responses: {
            /** @description What one hears from the bot. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "available": true,
                     *       "courier_chosen": true,
                     *       "dispute_opened": true,
                     *       "dispute_resolved": true,
                     *       "document_reviewed": true,
                     *       "messagesPerHour": 20,
                     *       "new_courier_available": true,
                     *       "new_package_available": true,
                     *       "notificationsAsked": true,
                     *       "notificationsEnabled": true,
                     *       "package_delivered": true,
                     *       "package_request_declined": true,
                     *       "package_request_response": true,
                     *       "payment_received": true,
                     *       "quietHours": {
                     *         "from": "23:00",
                     *         "to": "08:00",
                     *         "zone": "Europe/Moscow"
                     *       },
                     *       "reminder": true,
                     *       "subscription_matched": true,
                     *       "trip_request_received": true
                     *     }
                     */
                    "application/json": components["schemas"]["BotNotifications"];
                };
            };
            /** @description Bad Request. */
            400: components["responses"]["Status400"];
            /** @description Unauthorized. */
            401: components["responses"]["Status401"];
            /** @description Unprocessable Entity. */
            422: components["responses"]["Status422"];
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    my_balance: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description One's money. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "balance": {
                     *         "available": 405,
                     *         "frozen": 0,
                     *         "pending": 0,
                     *         "reserved": 0,
                     *         "total": 405
                     *       },
                     *       "transactions": [
                     *         {
                     *           "amount": 405,
                     *           "date": "2026-11-21T15:32:30.203Z",
                     *           "description": "Книги, одна коробка",
                     *           "id": "01990000-0000-7000-8000-00000000000a:release",
                     *           "status": "completed",
                     *           "type": "release"
                     *         },
                     *         {
                     *           "amount": -45,
                     *           "date": "2026-11-21T15:32:30.203Z",
                     *           "description": "Книги, одна коробка",
                     *           "id": "01990000-0000-7000-8000-00000000000a:fee",
                     *           "status": "completed",
                     *           "type": "fee"
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["Wallet"];
                };
            };
            /** @description Unauthorized. */
            401: components["responses"]["Status401"];
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    withdraw_money: {
        parameters: {
            query?: never;
            header?: {
                /** @description Names the call: with the same key it can be repeated for a day, with one effect and one answer. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "amount": 300,
                 *       "method": "СБП +7 900 123-45-67"
                 *     }
                 */
                "application/json": components["schemas"]["NewWithdrawal"];
            };
        };
        responses: {
            /** @description Money is on its way out. */
            200: {
                headers: {
                    /** @description `true` if this is the answer of an earlier call with the same key. */
                    "Idempotent-Replayed"?: boolean;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "estimated_completion": "2026-11-24T15:32:30.418Z",
                     *       "success": true,
                     *       "withdrawal_id": "01990000-0000-7000-8000-000000000010"
                     *     }
                     */
                    "application/json": components["schemas"]["WithdrawalMade"];
                };
            };
            /** @description Bad Request. */
            400: components["responses"]["Status400"];
            /** @description Unauthorized. */
            401: components["responses"]["Status401"];
            /**
             * @description - `conflict`: somebody else changed it at the same moment: try again
             *     - `insufficient_funds`: there is not enough money: the sender's for the reward, or one's own to take out
             *     - `daily_limit`: more than one person may take out within a day
             *     - `too_many_withdrawals`: too many withdrawals wait for an operator
             *     - `in_progress`: the same call is still being carried out: ask again, as `Retry-After` says
             *     - `answered_before`: the same call was carried out a moment ago: ask again for its answer
             */
            409: {
                headers: {
                    /** @description After how many seconds to try again, if that may help. */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {string} */
                        code?: "conflict" | "insufficient_funds" | "daily_limit" | "too_many_withdrawals" | "in_progress" | "answered_before";
                    };
                };
            };
            /**
             * @description - `invalid`: understood, but `fields` says what will not do
             *     - `key_reused`: the `Idempotency-Key` was used for another call
             */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {string} */
                        code?: "invalid" | "key_reused";
                    };
                };
            };
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    statement: {
        parameters: {
            query?: {
                /** @description From then on: an instant. A month before `to` if it is not said. */
                from?: string;
                /** @description Until then: an instant. Now if it is not said. */
                to?: string;
                /** @description `csv` if it is not said. */
                format?: components["schemas"]["StatementFormat"];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The statement. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "text/csv": string;
                    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": number[];
                };
            };
            /** @description Bad Request. */
            400: components["responses"]["Status400"];
            /** @description Unauthorized. */
            401: components["responses"]["Status401"];
            /** @description Unprocessable Entity. */
            422: components["responses"]["Status422"];
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    money_terms: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description How the marketplace pays. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "cancellation": [
                     *         {
                     *           "by": "sender",
                     *           "looks_on": false,
                     *           "possible": true,
                     *           "refund_percent": 100,
                     *           "stage": "before_acceptance",
                     *           "text_en": "It is called off, and all of the money goes back to the sender.",
                     *           "text_ru": "Отмена: все деньги вернутся отправителю."
                     *         },
                     *         {
                     *           "by": "courier",
                     *           "looks_on": true,
                     *           "possible": true,
                     *           "refund_percent": 100,
                     *           "stage": "after_acceptance",
                     *           "text_en": "The deal is called off, all of the money goes back to the sender, and another courier is looked for.",
                     *           "text_ru": "Сделка отменяется: все деньги вернутся отправителю, посылка ищет другого курьера."
                     *         },
                     *         {
                     *           "by": "sender",
                     *           "looks_on": false,
                     *           "possible": false,
                     *           "refund_percent": 0,
                     *           "stage": "after_pickup",
                     *           "text_en": "It cannot be called off any more. If it is not delivered as agreed, the sender disputes, and an operator decides.",
                     *           "text_ru": "Отменить уже нельзя. Если посылку не доставят как условлено, отправитель открывает спор, решает оператор."
                     *         }
                     *       ],
                     *       "fee_minimum": 0,
                     *       "fee_percent": 10,
                     *       "fee_version": 2,
                     *       "fees": [
                     *         {
                     *           "kind": "instant",
                     *           "minimum": 0,
                     *           "percent": 10
                     *         },
                     *         {
                     *           "kind": "choose",
                     *           "minimum": 0,
                     *           "percent": 5
                     *         }
                     *       ],
                     *       "methods": [
                     *         "manual"
                     *       ],
                     *       "modes": [
                     *         "manual"
                     *       ],
                     *       "paid": "at_claim",
                     *       "text_en": "The reward is held when a courier accepts, and paid to the courier when the sender confirms the delivery.",
                     *       "text_ru": "Вознаграждение удерживается, когда курьер согласится, и выплачивается ему после подтверждения доставки."
                     *     }
                     */
                    "application/json": components["schemas"]["MoneyTerms"];
                };
            };
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    my_payments: {
        parameters: {
            query?: {
                /** @description The next page, as the last answer named it. */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description One's payments. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "payments": [
                     *         {
                     *           "amount": 500.55,
                     *           "charged_back": 0,
                     *           "created_at": "2026-11-21T15:32:30.418Z",
                     *           "currency": "RUB",
                     *           "expires_at": "2026-11-24T15:32:30.418Z",
                     *           "method": "manual",
                     *           "paid": 500.55,
                     *           "payment_id": "01990000-0000-7000-8000-000000000020",
                     *           "purpose": "top_up",
                     *           "reference": "PP-7K3QX-9M2TB",
                     *           "refunded": 0,
                     *           "refunds": [],
                     *           "status": "succeeded"
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["MyPayments"];
                };
            };
            /** @description Bad Request. */
            400: components["responses"]["Status400"];
            /** @description Unauthorized. */
            401: components["responses"]["Status401"];
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    pay_in: {
        parameters: {
            query?: never;
            header?: {
                /** @description Names the call: with the same key it can be repeated for a day, with one effect and one answer. */
                "Idempotency-Key"?: string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "amount": 500.55,
                 *       "purpose": "top_up"
                 *     }
                 */
                "application/json": components["schemas"]["NewPayment"];
            };
        };
        responses: {
            /** @description A payment. */
            201: {
                headers: {
                    /** @description `true` if this is the answer of an earlier call with the same key. */
                    "Idempotent-Replayed"?: boolean;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "amount": 500.55,
                     *       "charged_back": 0,
                     *       "created_at": "2026-11-21T15:32:30.418Z",
                     *       "currency": "RUB",
                     *       "expires_at": "2026-11-24T15:32:30.418Z",
                     *       "instructions": "Счёт 40702810000000000000, БИК 044525000",
                     *       "method": "manual",
                     *       "paid": 0,
                     *       "payment_id": "01990000-0000-7000-8000-000000000020",
                     *       "purpose": "top_up",
                     *       "reference": "PP-7K3QX-9M2TB",
                     *       "refunded": 0,
                     *       "refunds": [],
                     *       "status": "pending"
                     *     }
                     */
                    "application/json": components["schemas"]["Payment"];
                };
            };
            /** @description Bad Request. */
            400: components["responses"]["Status400"];
            /** @description Unauthorized. */
            401: components["responses"]["Status401"];
            /** @description Not Found. */
            404: components["responses"]["Status404"];
            /**
             * @description - `conflict`: somebody else changed it at the same moment: try again
             *     - `no_payment_method`: nobody takes money here, or not in this way
             *     - `nothing_missing`: there is enough money for this package already
             *     - `too_many_payments`: too many of one's payments wait for their money
             *     - `in_progress`: the same call is still being carried out: ask again, as `Retry-After` says
             *     - `answered_before`: the same call was carried out a moment ago: ask again for its answer
             */
            409: {
                headers: {
                    /** @description After how many seconds to try again, if that may help. */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {string} */
                        code?: "conflict" | "no_payment_method" | "nothing_missing" | "too_many_payments" | "in_progress" | "answered_before";
                    };
                };
            };
            /**
             * @description - `invalid`: understood, but `fields` says what will not do
             *     - `key_reused`: the `Idempotency-Key` was used for another call
             */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {string} */
                        code?: "invalid" | "key_reused";
                    };
                };
            };
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    show_payment: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The payment */
                payment_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A payment. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "amount": 500.55,
                     *       "charged_back": 0,
                     *       "created_at": "2026-11-21T15:32:30.418Z",
                     *       "currency": "RUB",
                     *       "expires_at": "2026-11-24T15:32:30.418Z",
                     *       "method": "manual",
                     *       "paid": 500.55,
                     *       "payment_id": "01990000-0000-7000-8000-000000000020",
                     *       "purpose": "top_up",
                     *       "reference": "PP-7K3QX-9M2TB",
                     *       "refunded": 0,
                     *       "refunds": [],
                     *       "status": "succeeded"
                     *     }
                     */
                    "application/json": components["schemas"]["Payment"];
                };
            };
            /** @description Unauthorized. */
            401: components["responses"]["Status401"];
            /** @description Not Found. */
            404: components["responses"]["Status404"];
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    payment_notice: {
        parameters: {
            query?: never;
            header: {
                /** @description When it was signed, seconds since 1970. */
                "PeerPack-Timestamp": string;
                /** @description HMAC-SHA256 in hex of `<timestamp>.POST /api/payments/webhook.<body>`. */
                "PeerPack-Signature": string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "charges": [
                 *         {
                 *           "amount_minor": 50055,
                 *           "charge_id": "c1",
                 *           "charged_back_minor": 0,
                 *           "currency": "RUB",
                 *           "refunds": []
                 *         }
                 *       ],
                 *       "payment_id": "01990000-0000-7000-8000-000000000020",
                 *       "status": "paid"
                 *     }
                 */
                "application/json": components["schemas"]["PaymentReport"];
            };
        };
        responses: {
            /** @description What an acquirer says was taken in. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "success": true
                     *     }
                     */
                    "application/json": components["schemas"]["NoticeTaken"];
                };
            };
            /** @description Bad Request. */
            400: components["responses"]["Status400"];
            /**
             * @description - `unauthorized`: nobody is signed in
             *     - `invalid_token`: the token is not ours, or its session has ended: sign in again
             *     - `token_expired`: the access token is too old: refresh it
             *     - `invalid_token`: the token is not ours, or its session has ended: sign in again
             */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {string} */
                        code?: "unauthorized" | "invalid_token" | "token_expired" | "invalid_token";
                    };
                };
            };
            /** @description Not Found. */
            404: components["responses"]["Status404"];
            /**
             * @description - `conflict`: somebody else changed it at the same moment: try again
             *     - `charge_known`: this transfer was booked for another payment
             */
            409: {
                headers: {
                    /** @description After how many seconds to try again, if that may help. */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {string} */
                        code?: "conflict" | "charge_known";
                    };
                };
            };
            /** @description Unprocessable Entity. */
            422: components["responses"]["Status422"];
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    register_phone: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "display_name": "Anna",
                 *       "phone": "+79001234567"
                 *     }
                 */
                "application/json": components["schemas"]["Register"];
            };
        };
        responses: {
            /** @description A code is on its way, or there already. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "success": true
                     *     }
                     */
                    "application/json": components["schemas"]["CodeRequested"];
                };
            };
            /** @description Bad Request. */
            400: components["responses"]["Status400"];
            /** @description Unprocessable Entity. */
            422: components["responses"]["Status422"];
            /** @description Too Many Requests. */
            429: components["responses"]["Status429"];
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    request_phone_code: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "phone": "+79001234567"
                 *     }
                 */
                "application/json": components["schemas"]["RequestCode"];
            };
        };
        responses: {
            /** @description A code is on its way, or there already. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "success": true
                     *     }
                     */
                    "application/json": components["schemas"]["CodeRequested"];
                };
            };
            /** @description Bad Request. */
            400: components["responses"]["Status400"];
            /** @description Unprocessable Entity. */
            422: components["responses"]["Status422"];
            /** @description Too Many Requests. */
            429: components["responses"]["Status429"];
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    verify_phone_code: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "code": "123456",
                 *       "phone": "+79001234567"
                 *     }
                 */
                "application/json": components["schemas"]["PhoneCode"];
            };
        };
        responses: {
            /** @description Signed in. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "data": {
                     *         "expires_in": 900,
                     *         "refresh_token": "9f86d081884c7d659a2feaa0c55ad015",
                     *         "token": "eyJhbGciOiJIUzI1NiJ9.e30.c2ln",
                     *         "user": {
                     *           "display_name": "Anna",
                     *           "id": "01990000-0000-7000-8000-000000000001",
                     *           "phone": "+79001234567",
                     *           "username": "user_8000000000000001"
                     *         }
                     *       },
                     *       "success": true
                     *     }
                     */
                    "application/json": components["schemas"]["PhoneSignedIn"];
                };
            };
            /** @description Bad Request. */
            400: components["responses"]["Status400"];
            /**
             * @description - `unauthorized`: nobody is signed in
             *     - `invalid_token`: the token is not ours, or its session has ended: sign in again
             *     - `token_expired`: the access token is too old: refresh it
             *     - `invalid_code`: the code is wrong or no longer good
             */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {string} */
                        code?: "unauthorized" | "invalid_token" | "token_expired" | "invalid_code";
                    };
                };
            };
            /**
             * @description - `forbidden`: the caller's role, or the way things are set up, does not allow it
             *     - `origin_not_allowed`: the page is of an origin that is not in PEERPACK_ALLOWED_ORIGINS
             *     - `invalid_code`: the code is wrong or no longer good
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {string} */
                        code?: "forbidden" | "origin_not_allowed" | "invalid_code";
                    };
                };
            };
            /** @description Unprocessable Entity. */
            422: components["responses"]["Status422"];
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    my_talk_profile: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Oneself. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "data": {
                     *         "avatar_url": "/api/avatars/initials/7-A.svg",
                     *         "bio": "Летаю каждую неделю",
                     *         "created_at": "2026-11-20T10:00:00.000Z",
                     *         "display_name": "Anna",
                     *         "id": "01990000-0000-7000-8000-000000000001",
                     *         "last_seen": "2026-11-21T15:30:00.000Z",
                     *         "phone": "+79001234567",
                     *         "username": "anna"
                     *       },
                     *       "success": true
                     *     }
                     */
                    "application/json": components["schemas"]["OwnTalkProfile"];
                };
            };
            /** @description Unauthorized. */
            401: components["responses"]["Status401"];
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    change_talk_profile: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "bio": "Летаю каждую неделю",
                 *       "display_name": "Anna",
                 *       "username": "anna"
                 *     }
                 */
                "application/json": components["schemas"]["TalkProfileChange"];
            };
        };
        responses: {
            /** @description Oneself. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "data": {
                     *         "avatar_url": "/api/avatars/initials/7-A.svg",
                     *         "bio": "Летаю каждую неделю",
                     *         "created_at": "2026-11-20T10:00:00.000Z",
                     *         "display_name": "Anna",
                     *         "id": "01990000-0000-7000-8000-000000000001",
                     *         "last_seen": "2026-11-21T15:30:00.000Z",
                     *         "phone": "+79001234567",
                     *         "username": "anna"
                     *       },
                     *       "success": true
                     *     }
                     */
                    "application/json": components["schemas"]["OwnTalkProfile"];
                };
            };
            /** @description Bad Request. */
            400: components["responses"]["Status400"];
            /** @description Unauthorized. */
            401: components["responses"]["Status401"];
            /**
             * @description - `conflict`: somebody else changed it at the same moment: try again
             *     - `username_taken`: somebody else has this username
             */
            409: {
                headers: {
                    /** @description After how many seconds to try again, if that may help. */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {string} */
                        code?: "conflict" | "username_taken";
                    };
                };
            };
            /** @description Unprocessable Entity. */
            422: components["responses"]["Status422"];
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    change_talk_avatar: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "multipart/form-data": components["schemas"]["UploadForm"];
            };
        };
        responses: {
            /** @description One's picture now. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "avatar_url": "https://api.example.org/api/avatars/01990000-0000-7000-8000-000000000044",
                     *       "success": true
                     *     }
                     */
                    "application/json": components["schemas"]["TalkAvatarSet"];
                };
            };
            /** @description Bad Request. */
            400: components["responses"]["Status400"];
            /** @description Unauthorized. */
            401: components["responses"]["Status401"];
            /** @description Payload Too Large. */
            413: components["responses"]["Status413"];
            /** @description Unsupported Media Type. */
            415: components["responses"]["Status415"];
            /** @description Unprocessable Entity. */
            422: components["responses"]["Status422"];
            /** @description Too Many Requests. */
            429: components["responses"]["Status429"];
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    find_people: {
        parameters: {
            query?: {
                /** @description The beginnings of words of a name, or of a username: 2 characters at least, in any case. */
                query?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Who was found. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "data": [
                     *         {
                     *           "avatar_url": "/api/avatars/initials/7-I.svg",
                     *           "bio": null,
                     *           "display_name": "Ivan",
                     *           "id": "01990000-0000-7000-8000-000000000002",
                     *           "last_seen": "2026-11-21T15:30:00.000Z",
                     *           "username": "user_8000000000000002"
                     *         }
                     *       ],
                     *       "success": true
                     *     }
                     */
                    "application/json": components["schemas"]["PeopleFound"];
                };
            };
            /** @description Bad Request. */
            400: components["responses"]["Status400"];
            /** @description Unauthorized. */
            401: components["responses"]["Status401"];
            /** @description Unprocessable Entity. */
            422: components["responses"]["Status422"];
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    my_chats: {
        parameters: {
            query?: {
                /** @description The next page, as the last answer named it. */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description One's chats. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "data": [
                     *         {
                     *           "blocked": false,
                     *           "created_at": "2026-11-21T15:32:00.000Z",
                     *           "id": "01990000-0000-7000-8000-000000000040",
                     *           "last_message": {
                     *             "chat_id": "01990000-0000-7000-8000-000000000040",
                     *             "client_msg_id": "a-1",
                     *             "content": "Здравствуйте! Летите в пятницу?",
                     *             "created_at": "2026-11-21T15:32:29.668Z",
                     *             "id": "01990000-0000-7000-8000-000000000041",
                     *             "is_read": false,
                     *             "masked": [],
                     *             "sender": {
                     *               "avatar_url": "/api/avatars/initials/7-A.svg",
                     *               "bio": "Летаю каждую неделю",
                     *               "display_name": "Anna",
                     *               "id": "01990000-0000-7000-8000-000000000001",
                     *               "last_seen": "2026-11-21T15:30:00.000Z",
                     *               "username": "user_8000000000000001"
                     *             },
                     *             "sender_id": "01990000-0000-7000-8000-000000000001",
                     *             "seq": 1,
                     *             "warnings": []
                     *           },
                     *           "other_read_up_to": 0,
                     *           "read_up_to": 0,
                     *           "top": 1,
                     *           "unread": 0,
                     *           "updated_at": "2026-11-21T15:32:29.668Z",
                     *           "user1": {
                     *             "avatar_url": "/api/avatars/initials/7-A.svg",
                     *             "bio": "Летаю каждую неделю",
                     *             "display_name": "Anna",
                     *             "id": "01990000-0000-7000-8000-000000000001",
                     *             "last_seen": "2026-11-21T15:30:00.000Z",
                     *             "username": "user_8000000000000001"
                     *           },
                     *           "user2": {
                     *             "avatar_url": "/api/avatars/initials/7-I.svg",
                     *             "bio": null,
                     *             "display_name": "Ivan",
                     *             "id": "01990000-0000-7000-8000-000000000002",
                     *             "last_seen": "2026-11-21T15:30:00.000Z",
                     *             "username": "user_8000000000000002"
                     *           }
                     *         }
                     *       ],
                     *       "success": true,
                     *       "unread": 0
                     *     }
                     */
                    "application/json": components["schemas"]["Chats"];
                };
            };
            /** @description Bad Request. */
            400: components["responses"]["Status400"];
            /** @description Unauthorized. */
            401: components["responses"]["Status401"];
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    open_chat: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "other_user_id": "01990000-0000-7000-8000-000000000002"
                 *     }
                 */
                "application/json": components["schemas"]["OpenChat"];
            };
        };
        responses: {
            /** @description A chat. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "data": {
                     *         "blocked": false,
                     *         "created_at": "2026-11-21T15:32:00.000Z",
                     *         "id": "01990000-0000-7000-8000-000000000040",
                     *         "last_message": {
                     *           "chat_id": "01990000-0000-7000-8000-000000000040",
                     *           "client_msg_id": "a-1",
                     *           "content": "Здравствуйте! Летите в пятницу?",
                     *           "created_at": "2026-11-21T15:32:29.668Z",
                     *           "id": "01990000-0000-7000-8000-000000000041",
                     *           "is_read": false,
                     *           "masked": [],
                     *           "sender": {
                     *             "avatar_url": "/api/avatars/initials/7-A.svg",
                     *             "bio": "Летаю каждую неделю",
                     *             "display_name": "Anna",
                     *             "id": "01990000-0000-7000-8000-000000000001",
                     *             "last_seen": "2026-11-21T15:30:00.000Z",
                     *             "username": "user_8000000000000001"
                     *           },
                     *           "sender_id": "01990000-0000-7000-8000-000000000001",
                     *           "seq": 1,
                     *           "warnings": []
                     *         },
                     *         "other_read_up_to": 0,
                     *         "read_up_to": 0,
                     *         "top": 1,
                     *         "unread": 0,
                     *         "updated_at": "2026-11-21T15:32:29.668Z",
                     *         "user1": {
                     *           "avatar_url": "/api/avatars/initials/7-A.svg",
                     *           "bio": "Летаю каждую неделю",
                     *           "display_name": "Anna",
                     *           "id": "01990000-0000-7000-8000-000000000001",
                     *           "last_seen": "2026-11-21T15:30:00.000Z",
                     *           "username": "user_8000000000000001"
                     *         },
                     *         "user2": {
                     *           "avatar_url": "/api/avatars/initials/7-I.svg",
                     *           "bio": null,
                     *           "display_name": "Ivan",
                     *           "id": "01990000-0000-7000-8000-000000000002",
                     *           "last_seen": "2026-11-21T15:30:00.000Z",
                     *           "username": "user_8000000000000002"
                     *         }
                     *       },
                     *       "success": true
                     *     }
                     */
                    "application/json": components["schemas"]["ChatShown"];
                };
            };
            /** @description Bad Request. */
            400: components["responses"]["Status400"];
            /** @description Unauthorized. */
            401: components["responses"]["Status401"];
            /** @description Not Found. */
            404: components["responses"]["Status404"];
            /** @description Unprocessable Entity. */
            422: components["responses"]["Status422"];
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    show_chat: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The chat */
                chat_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A chat. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "data": {
                     *         "blocked": false,
                     *         "created_at": "2026-11-21T15:32:00.000Z",
                     *         "id": "01990000-0000-7000-8000-000000000040",
                     *         "last_message": {
                     *           "chat_id": "01990000-0000-7000-8000-000000000040",
                     *           "client_msg_id": "a-1",
                     *           "content": "Здравствуйте! Летите в пятницу?",
                     *           "created_at": "2026-11-21T15:32:29.668Z",
                     *           "id": "01990000-0000-7000-8000-000000000041",
                     *           "is_read": false,
                     *           "masked": [],
                     *           "sender": {
                     *             "avatar_url": "/api/avatars/initials/7-A.svg",
                     *             "bio": "Летаю каждую неделю",
                     *             "display_name": "Anna",
                     *             "id": "01990000-0000-7000-8000-000000000001",
                     *             "last_seen": "2026-11-21T15:30:00.000Z",
                     *             "username": "user_8000000000000001"
                     *           },
                     *           "sender_id": "01990000-0000-7000-8000-000000000001",
                     *           "seq": 1,
                     *           "warnings": []
                     *         },
                     *         "other_read_up_to": 0,
                     *         "read_up_to": 0,
                     *         "top": 1,
                     *         "unread": 0,
                     *         "updated_at": "2026-11-21T15:32:29.668Z",
                     *         "user1": {
                     *           "avatar_url": "/api/avatars/initials/7-A.svg",
                     *           "bio": "Летаю каждую неделю",
                     *           "display_name": "Anna",
                     *           "id": "01990000-0000-7000-8000-000000000001",
                     *           "last_seen": "2026-11-21T15:30:00.000Z",
                     *           "username": "user_8000000000000001"
                     *         },
                     *         "user2": {
                     *           "avatar_url": "/api/avatars/initials/7-I.svg",
                     *           "bio": null,
                     *           "display_name": "Ivan",
                     *           "id": "01990000-0000-7000-8000-000000000002",
                     *           "last_seen": "2026-11-21T15:30:00.000Z",
                     *           "username": "user_8000000000000002"
                     *         }
                     *       },
                     *       "success": true
                     *     }
                     */
                    "application/json": components["schemas"]["ChatShown"];
                };
            };
            /** @description Unauthorized. */
            401: components["responses"]["Status401"];
            /**
             * @description - `forbidden`: the caller's role, or the way things are set up, does not allow it
             *     - `origin_not_allowed`: the page is of an origin that is not in PEERPACK_ALLOWED_ORIGINS
             *     - `not_a_member`: a chat of other people
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {string} */
                        code?: "forbidden" | "origin_not_allowed" | "not_a_member";
                    };
                };
            };
            /** @description Not Found. */
            404: components["responses"]["Status404"];
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    chat_messages: {
        parameters: {
            query?: {
                /** @description Those before this message: its id, or its number. Without it the last ones. */
                before?: string;
                /** @description Those after this message, likewise. */
                after?: string;
                /** @description 1 to 100; 50 if absent. */
                limit?: number;
                /** @description Whether one only looks. Otherwise the last messages count as read once they are asked for, without `before` and `after`: the older messenger says in no other way what was read. */
                peek?: boolean;
            };
            header?: never;
            path: {
                /** @description The chat */
                chat_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Messages. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "data": [
                     *         {
                     *           "chat_id": "01990000-0000-7000-8000-000000000040",
                     *           "client_msg_id": "a-1",
                     *           "content": "Здравствуйте! Летите в пятницу?",
                     *           "created_at": "2026-11-21T15:32:29.668Z",
                     *           "id": "01990000-0000-7000-8000-000000000041",
                     *           "is_read": false,
                     *           "masked": [],
                     *           "sender": {
                     *             "avatar_url": "/api/avatars/initials/7-A.svg",
                     *             "bio": "Летаю каждую неделю",
                     *             "display_name": "Anna",
                     *             "id": "01990000-0000-7000-8000-000000000001",
                     *             "last_seen": "2026-11-21T15:30:00.000Z",
                     *             "username": "user_8000000000000001"
                     *           },
                     *           "sender_id": "01990000-0000-7000-8000-000000000001",
                     *           "seq": 1,
                     *           "warnings": []
                     *         }
                     *       ],
                     *       "success": true
                     *     }
                     */
                    "application/json": components["schemas"]["Messages"];
                };
            };
            /** @description Bad Request. */
            400: components["responses"]["Status400"];
            /** @description Unauthorized. */
            401: components["responses"]["Status401"];
            /**
             * @description - `forbidden`: the caller's role, or the way things are set up, does not allow it
             *     - `origin_not_allowed`: the page is of an origin that is not in PEERPACK_ALLOWED_ORIGINS
             *     - `not_a_member`: a chat of other people
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {string} */
                        code?: "forbidden" | "origin_not_allowed" | "not_a_member";
                    };
                };
            };
            /** @description Not Found. */
            404: components["responses"]["Status404"];
            /** @description Unprocessable Entity. */
            422: components["responses"]["Status422"];
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    send_message: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "chat_id": "01990000-0000-7000-8000-000000000040",
                 *       "client_msg_id": "a-1",
                 *       "content": "Здравствуйте! Летите в пятницу?"
                 *     }
                 */
                "application/json": components["schemas"]["SendMessage"];
            };
        };
        responses: {
            /** @description A message. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "data": {
                     *         "chat_id": "01990000-0000-7000-8000-000000000040",
                     *         "client_msg_id": "a-1",
                     *         "content": "Здравствуйте! Летите в пятницу?",
                     *         "created_at": "2026-11-21T15:32:29.668Z",
                     *         "id": "01990000-0000-7000-8000-000000000041",
                     *         "is_read": false,
                     *         "masked": [],
                     *         "sender": {
                     *           "avatar_url": "/api/avatars/initials/7-A.svg",
                     *           "bio": "Летаю каждую неделю",
                     *           "display_name": "Anna",
                     *           "id": "01990000-0000-7000-8000-000000000001",
                     *           "last_seen": "2026-11-21T15:30:00.000Z",
                     *           "username": "user_8000000000000001"
                     *         },
                     *         "sender_id": "01990000-0000-7000-8000-000000000001",
                     *         "seq": 1,
                     *         "warnings": []
                     *       },
                     *       "success": true
                     *     }
                     */
                    "application/json": components["schemas"]["MessageShown"];
                };
            };
            /**
             * @description - `bad_request`: not understood: malformed, of another type, or with fields that are not known
             *     - `empty_message`: nothing is said
             */
            400: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {string} */
                        code?: "bad_request" | "empty_message";
                    };
                };
            };
            /** @description Unauthorized. */
            401: components["responses"]["Status401"];
            /**
             * @description - `forbidden`: the caller's role, or the way things are set up, does not allow it
             *     - `origin_not_allowed`: the page is of an origin that is not in PEERPACK_ALLOWED_ORIGINS
             *     - `not_a_member`: a chat of other people
             *     - `cannot_write`: the other person cannot be written to
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {string} */
                        code?: "forbidden" | "origin_not_allowed" | "not_a_member" | "cannot_write";
                    };
                };
            };
            /** @description Not Found. */
            404: components["responses"]["Status404"];
            /**
             * @description - `conflict`: somebody else changed it at the same moment: try again
             *     - `blocked_by_you`: one has blocked the other person
             *     - `awaits_answer`: as many messages wait for an answer as may be sent to a stranger: `limit`
             *     - `too_many_strangers`: one has written to as many strangers today as one may: `limit`
             */
            409: {
                headers: {
                    /** @description After how many seconds to try again, if that may help. */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {string} */
                        code?: "conflict" | "blocked_by_you" | "awaits_answer" | "too_many_strangers";
                    };
                };
            };
            /**
             * @description - `invalid`: understood, but `fields` says what will not do
             *     - `code_in_message`: the text has the code of a hand-over in it: never send it
             */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {string} */
                        code?: "invalid" | "code_in_message";
                    };
                };
            };
            /** @description Too Many Requests. */
            429: components["responses"]["Status429"];
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    read_chat: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The chat */
                chat_id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "up_to": 1
                 *     }
                 */
                "application/json": components["schemas"]["ReadUpTo"];
            };
        };
        responses: {
            /** @description It is noted. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "success": true
                     *     }
                     */
                    "application/json": components["schemas"]["ChatNoted"];
                };
            };
            /** @description Bad Request. */
            400: components["responses"]["Status400"];
            /** @description Unauthorized. */
            401: components["responses"]["Status401"];
            /**
             * @description - `forbidden`: the caller's role, or the way things are set up, does not allow it
             *     - `origin_not_allowed`: the page is of an origin that is not in PEERPACK_ALLOWED_ORIGINS
             *     - `not_a_member`: a chat of other people
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {string} */
                        code?: "forbidden" | "origin_not_allowed" | "not_a_member";
                    };
                };
            };
            /** @description Not Found. */
            404: components["responses"]["Status404"];
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    typing_in_chat: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The chat */
                chat_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is noted. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "success": true
                     *     }
                     */
                    "application/json": components["schemas"]["ChatNoted"];
                };
            };
            /** @description Unauthorized. */
            401: components["responses"]["Status401"];
            /**
             * @description - `forbidden`: the caller's role, or the way things are set up, does not allow it
             *     - `origin_not_allowed`: the page is of an origin that is not in PEERPACK_ALLOWED_ORIGINS
             *     - `not_a_member`: a chat of other people
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {string} */
                        code?: "forbidden" | "origin_not_allowed" | "not_a_member";
                    };
                };
            };
            /** @description Not Found. */
            404: components["responses"]["Status404"];
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    send_chat_picture: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The chat */
                chat_id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                "multipart/form-data": components["schemas"]["UploadForm"];
            };
        };
        responses: {
            /** @description A picture is there, and waits an hour for its message. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "data": {
                     *         "picture_id": "01990000-0000-7000-8000-000000000044"
                     *       },
                     *       "success": true
                     *     }
                     */
                    "application/json": components["schemas"]["ChatPictureKept"];
                };
            };
            /** @description Bad Request. */
            400: components["responses"]["Status400"];
            /** @description Unauthorized. */
            401: components["responses"]["Status401"];
            /**
             * @description - `forbidden`: the caller's role, or the way things are set up, does not allow it
             *     - `origin_not_allowed`: the page is of an origin that is not in PEERPACK_ALLOWED_ORIGINS
             *     - `not_a_member`: a chat of other people
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {string} */
                        code?: "forbidden" | "origin_not_allowed" | "not_a_member";
                    };
                };
            };
            /** @description Not Found. */
            404: components["responses"]["Status404"];
            /** @description Payload Too Large. */
            413: components["responses"]["Status413"];
            /** @description Unsupported Media Type. */
            415: components["responses"]["Status415"];
            /** @description Unprocessable Entity. */
            422: components["responses"]["Status422"];
            /** @description Too Many Requests. */
            429: components["responses"]["Status429"];
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    show_chat_picture: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The chat */
                chat_id: string;
                /** @description The picture */
                picture_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The picture */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "image/jpeg": components["schemas"]["FileBytes"];
                };
            };
            /** @description Unauthorized. */
            401: components["responses"]["Status401"];
            /**
             * @description - `forbidden`: the caller's role, or the way things are set up, does not allow it
             *     - `origin_not_allowed`: the page is of an origin that is not in PEERPACK_ALLOWED_ORIGINS
             *     - `not_a_member`: a chat of other people
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {string} */
                        code?: "forbidden" | "origin_not_allowed" | "not_a_member";
                    };
                };
            };
            /** @description Not Found. */
            404: components["responses"]["Status404"];
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    block_in_chat: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The chat */
                chat_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is noted. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "success": true
                     *     }
                     */
                    "application/json": components["schemas"]["ChatNoted"];
                };
            };
            /** @description Unauthorized. */
            401: components["responses"]["Status401"];
            /**
             * @description - `forbidden`: the caller's role, or the way things are set up, does not allow it
             *     - `origin_not_allowed`: the page is of an origin that is not in PEERPACK_ALLOWED_ORIGINS
             *     - `not_a_member`: a chat of other people
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {string} */
                        code?: "forbidden" | "origin_not_allowed" | "not_a_member";
                    };
                };
            };
            /** @description Not Found. */
            404: components["responses"]["Status404"];
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    unblock_in_chat: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The chat */
                chat_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is noted. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "success": true
                     *     }
                     */
                    "application/json": components["schemas"]["ChatNoted"];
                };
            };
            /** @description Unauthorized. */
            401: components["responses"]["Status401"];
            /**
             * @description - `forbidden`: the caller's role, or the way things are set up, does not allow it
             *     - `origin_not_allowed`: the page is of an origin that is not in PEERPACK_ALLOWED_ORIGINS
             *     - `not_a_member`: a chat of other people
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {string} */
                        code?: "forbidden" | "origin_not_allowed" | "not_a_member";
                    };
                };
            };
            /** @description Not Found. */
            404: components["responses"]["Status404"];
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    report_chat: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The chat */
                chat_id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "message_id": "01990000-0000-7000-8000-000000000041",
                 *       "reason": "Грубит"
                 *     }
                 */
                "application/json": components["schemas"]["ReportChat"];
            };
        };
        responses: {
            /** @description It waits for an operator. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "data": {
                     *         "report_id": "01990000-0000-7000-8000-000000000043"
                     *       },
                     *       "success": true
                     *     }
                     */
                    "application/json": components["schemas"]["ChatReported"];
                };
            };
            /** @description Bad Request. */
            400: components["responses"]["Status400"];
            /** @description Unauthorized. */
            401: components["responses"]["Status401"];
            /**
             * @description - `forbidden`: the caller's role, or the way things are set up, does not allow it
             *     - `origin_not_allowed`: the page is of an origin that is not in PEERPACK_ALLOWED_ORIGINS
             *     - `not_a_member`: a chat of other people
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {string} */
                        code?: "forbidden" | "origin_not_allowed" | "not_a_member";
                    };
                };
            };
            /** @description Not Found. */
            404: components["responses"]["Status404"];
            /** @description Unprocessable Entity. */
            422: components["responses"]["Status422"];
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    posts: {
        parameters: {
            query?: {
                /** @description Only those that begin within 100 km of this place: a name. */
                from?: string;
                /** @description Only those that end within 100 km of this place: a name. */
                to?: string;
                /** @description 1 to 50; 20 if absent. */
                limit?: number;
                /** @description The next page, as the last answer named it. */
                cursor?: string;
                /** @description Only one's own, also those that were taken down. Needs a sign-in. */
                mine?: boolean;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Posts. */
            200: {
                headers: {
                    /** @description What the list says, for `If-None-Match`. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "posts": [
                     *         {
                     *           "author_avatar": "/api/avatars/initials/7-I.svg",
                     *           "author_id": "01990000-0000-7000-8000-000000000002",
                     *           "author_name": "Ivan",
                     *           "created_at": "2026-11-21T15:32:29.668Z",
                     *           "from": {
                     *             "id": 524901,
                     *             "lat": 55.75,
                     *             "lon": 37.62,
                     *             "name_en": "Moscow",
                     *             "name_ru": "Москва",
                     *             "tz": "Europe/Moscow"
                     *           },
                     *           "id": "01990000-0000-7000-8000-000000000042",
                     *           "status": "shown",
                     *           "text": "Лечу в пятницу, есть 5 кг",
                     *           "trip_id": "01990000-0000-7000-8000-000000000009",
                     *           "updated_at": "2026-11-21T15:32:29.668Z",
                     *           "version": 1
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["Posts"];
                };
            };
            /** @description It is as the caller knows it */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Bad Request. */
            400: components["responses"]["Status400"];
            /** @description Unauthorized. */
            401: components["responses"]["Status401"];
            /** @description Unprocessable Entity. */
            422: components["responses"]["Status422"];
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    put_up_post: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "from": "Москва",
                 *       "text": "Лечу в пятницу, есть 5 кг",
                 *       "trip_id": "01990000-0000-7000-8000-000000000009"
                 *     }
                 */
                "application/json": components["schemas"]["PostInput"];
            };
        };
        responses: {
            /** @description A post. */
            201: {
                headers: {
                    /** @description The version, for `If-Match`. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "author_avatar": "/api/avatars/initials/7-I.svg",
                     *       "author_id": "01990000-0000-7000-8000-000000000002",
                     *       "author_name": "Ivan",
                     *       "created_at": "2026-11-21T15:32:29.668Z",
                     *       "from": {
                     *         "id": 524901,
                     *         "lat": 55.75,
                     *         "lon": 37.62,
                     *         "name_en": "Moscow",
                     *         "name_ru": "Москва",
                     *         "tz": "Europe/Moscow"
                     *       },
                     *       "id": "01990000-0000-7000-8000-000000000042",
                     *       "status": "shown",
                     *       "text": "Лечу в пятницу, есть 5 кг",
                     *       "trip_id": "01990000-0000-7000-8000-000000000009",
                     *       "updated_at": "2026-11-21T15:32:29.668Z",
                     *       "version": 1
                     *     }
                     */
                    "application/json": components["schemas"]["Post"];
                };
            };
            /** @description Bad Request. */
            400: components["responses"]["Status400"];
            /** @description Unauthorized. */
            401: components["responses"]["Status401"];
            /**
             * @description - `conflict`: somebody else changed it at the same moment: try again
             *     - `too_many_posts`: as many posts of one's own stand on the board as there may be: `limit`
             *     - `party_gone`: the sender or the courier has deleted the account, or was shut out
             */
            409: {
                headers: {
                    /** @description After how many seconds to try again, if that may help. */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {string} */
                        code?: "conflict" | "too_many_posts" | "party_gone";
                    };
                };
            };
            /** @description Unprocessable Entity. */
            422: components["responses"]["Status422"];
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    show_post: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The post */
                post_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A post. */
            200: {
                headers: {
                    /** @description The version, for `If-Match`. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "author_avatar": "/api/avatars/initials/7-I.svg",
                     *       "author_id": "01990000-0000-7000-8000-000000000002",
                     *       "author_name": "Ivan",
                     *       "created_at": "2026-11-21T15:32:29.668Z",
                     *       "from": {
                     *         "id": 524901,
                     *         "lat": 55.75,
                     *         "lon": 37.62,
                     *         "name_en": "Moscow",
                     *         "name_ru": "Москва",
                     *         "tz": "Europe/Moscow"
                     *       },
                     *       "id": "01990000-0000-7000-8000-000000000042",
                     *       "status": "shown",
                     *       "text": "Лечу в пятницу, есть 5 кг",
                     *       "trip_id": "01990000-0000-7000-8000-000000000009",
                     *       "updated_at": "2026-11-21T15:32:29.668Z",
                     *       "version": 1
                     *     }
                     */
                    "application/json": components["schemas"]["Post"];
                };
            };
            /** @description Not Found. */
            404: components["responses"]["Status404"];
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    delete_post: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The post */
                post_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is gone. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "success": true
                     *     }
                     */
                    "application/json": components["schemas"]["PostDeleted"];
                };
            };
            /** @description Unauthorized. */
            401: components["responses"]["Status401"];
            /** @description Not Found. */
            404: components["responses"]["Status404"];
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    edit_post: {
        parameters: {
            query?: never;
            header?: {
                /** @description The `ETag` that was seen last: 412 if there is a newer version by now. */
                "If-Match"?: string;
            };
            path: {
                /** @description The post */
                post_id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "text": "Лечу в пятницу, есть 3 кг"
                 *     }
                 */
                "application/json": components["schemas"]["PostInput"];
            };
        };
        responses: {
            /** @description A post. */
            200: {
                headers: {
                    /** @description The version, for `If-Match`. */
                    ETag?: string;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "author_avatar": "/api/avatars/initials/7-I.svg",
                     *       "author_id": "01990000-0000-7000-8000-000000000002",
                     *       "author_name": "Ivan",
                     *       "created_at": "2026-11-21T15:32:29.668Z",
                     *       "from": {
                     *         "id": 524901,
                     *         "lat": 55.75,
                     *         "lon": 37.62,
                     *         "name_en": "Moscow",
                     *         "name_ru": "Москва",
                     *         "tz": "Europe/Moscow"
                     *       },
                     *       "id": "01990000-0000-7000-8000-000000000042",
                     *       "status": "shown",
                     *       "text": "Лечу в пятницу, есть 3 кг",
                     *       "trip_id": "01990000-0000-7000-8000-000000000009",
                     *       "updated_at": "2026-11-21T15:32:29.668Z",
                     *       "version": 2
                     *     }
                     */
                    "application/json": components["schemas"]["Post"];
                };
            };
            /** @description Bad Request. */
            400: components["responses"]["Status400"];
            /** @description Unauthorized. */
            401: components["responses"]["Status401"];
            /** @description Not Found. */
            404: components["responses"]["Status404"];
            /** @description - `stale`: it has changed since the version in `If-Match`: look again */
            412: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {string} */
                        code?: "stale";
                    };
                };
            };
            /** @description Unprocessable Entity. */
            422: components["responses"]["Status422"];
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    report_post: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The post */
                post_id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "reason": "Реклама"
                 *     }
                 */
                "application/json": components["schemas"]["ReportPost"];
            };
        };
        responses: {
            /** @description It is done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "success": true
                     *     }
                     */
                    "application/json": components["schemas"]["PostNoted"];
                };
            };
            /** @description Bad Request. */
            400: components["responses"]["Status400"];
            /** @description Unauthorized. */
            401: components["responses"]["Status401"];
            /** @description Not Found. */
            404: components["responses"]["Status404"];
            /** @description Unprocessable Entity. */
            422: components["responses"]["Status422"];
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    send_post_picture: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                "multipart/form-data": components["schemas"]["UploadForm"];
            };
        };
        responses: {
            /** @description A picture is there, and waits an hour for its post. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "picture_id": "01990000-0000-7000-8000-000000000044",
                     *       "success": true
                     *     }
                     */
                    "application/json": components["schemas"]["PostPictureKept"];
                };
            };
            /** @description Bad Request. */
            400: components["responses"]["Status400"];
            /** @description Unauthorized. */
            401: components["responses"]["Status401"];
            /** @description Payload Too Large. */
            413: components["responses"]["Status413"];
            /** @description Unsupported Media Type. */
            415: components["responses"]["Status415"];
            /** @description Unprocessable Entity. */
            422: components["responses"]["Status422"];
            /** @description Too Many Requests. */
            429: components["responses"]["Status429"];
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    show_post_picture: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The picture */
                picture_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The picture */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "image/jpeg": components["schemas"]["FileBytes"];
                };
            };
            /** @description Not Found. */
            404: components["responses"]["Status404"];
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    sync: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Where things stand. Of more than 200 packages or trips those that are under way are here, and the newest of the others. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "offers": [
                     *         {
                     *           "capacity_left_g": 9000,
                     *           "currency": "RUB",
                     *           "detour_km": 9.5,
                     *           "detour_min": 12,
                     *           "dropoff": {
                     *             "eta": "2026-09-22T08:00:00.000Z",
                     *             "place": {
                     *               "id": 480060,
                     *               "lat": 56.86,
                     *               "lon": 35.9,
                     *               "name_en": "Tver",
                     *               "name_ru": "Тверь",
                     *               "tz": "Europe/Moscow"
                     *             }
                     *           },
                     *           "expires_at": "2026-09-21T14:15:20.123Z",
                     *           "fee": 50,
                     *           "hand_over_codes": true,
                     *           "leg_from": 0,
                     *           "leg_to": 1,
                     *           "package": {
                     *             "deliver_by": "2026-10-05T14:13:20.123Z",
                     *             "description": "книги",
                     *             "from": {
                     *               "id": 524901,
                     *               "lat": 55.75,
                     *               "lon": 37.62,
                     *               "name_en": "Moscow",
                     *               "name_ru": "Москва",
                     *               "tz": "Europe/Moscow"
                     *             },
                     *             "id": "01900000-0000-7000-8000-000000000004",
                     *             "ready_at": "2026-09-21T14:13:20.123Z",
                     *             "size": "s",
                     *             "tags": [
                     *               "книги"
                     *             ],
                     *             "to": {
                     *               "id": 480060,
                     *               "lat": 56.86,
                     *               "lon": 35.9,
                     *               "name_en": "Tver",
                     *               "name_ru": "Тверь",
                     *               "tz": "Europe/Moscow"
                     *             },
                     *             "volume_ml": 5000,
                     *             "weight": "light",
                     *             "weight_g": 1000
                     *           },
                     *           "payment": "at_claim",
                     *           "pickup": {
                     *             "eta": "2026-09-22T05:00:00.000Z",
                     *             "place": {
                     *               "id": 524901,
                     *               "lat": 55.75,
                     *               "lon": 37.62,
                     *               "name_en": "Moscow",
                     *               "name_ru": "Москва",
                     *               "tz": "Europe/Moscow"
                     *             }
                     *           },
                     *           "request_id": "01900000-0000-7000-8000-000000000002",
                     *           "reward": 500,
                     *           "trip_id": "01900000-0000-7000-8000-000000000003",
                     *           "ttl_ms": 30000,
                     *           "why": [
                     *             "detour:+12min",
                     *             "room_left:8000g",
                     *             "early:318h"
                     *           ]
                     *         }
                     *       ],
                     *       "packages": [
                     *         {
                     *           "completedAt": "2026-11-21T15:32:30.409Z",
                     *           "created_at": "2026-11-21T15:32:30.284Z",
                     *           "deliver_by": "2026-12-05T15:32:29.496Z",
                     *           "delivery_address": "ул. Мира, 2",
                     *           "description": "Книги, одна коробка",
                     *           "dropoff": {
                     *             "lat": 55.78874,
                     *             "lon": 49.12214
                     *           },
                     *           "fee": 50,
                     *           "from": "Москва",
                     *           "from_place": {
                     *             "id": 524901,
                     *             "lat": 55.75204,
                     *             "lon": 37.61781,
                     *             "name_en": "Moscow",
                     *             "name_ru": "Москва",
                     *             "tz": "Europe/Moscow"
                     *           },
                     *           "from_tz": "Europe/Moscow",
                     *           "hand_over_codes": false,
                     *           "id": "01990000-0000-7000-8000-00000000000d",
                     *           "mode": "choose",
                     *           "payment": "at_claim",
                     *           "pickup": {
                     *             "lat": 55.75204,
                     *             "lon": 37.61781
                     *           },
                     *           "pickup_address": "ул. Ленина, 1",
                     *           "ready_at": "2026-11-21T15:32:29.496Z",
                     *           "responses": [
                     *             {
                     *               "airport": "",
                     *               "arrival_date": "2026-11-23",
                     *               "arrives_at": "2026-11-23T19:00:00.000Z",
                     *               "comment": "Возьмёте?",
                     *               "courierAvatar": "/api/avatars/initials/7-I.svg",
                     *               "courierId": "01990000-0000-7000-8000-00000000000b",
                     *               "courierName": "Ivan",
                     *               "courierRating": 5,
                     *               "courier_avatar": "/api/avatars/initials/7-I.svg",
                     *               "courier_id": "01990000-0000-7000-8000-00000000000b",
                     *               "courier_name": "Ivan",
                     *               "courier_rating": 5,
                     *               "date": "2026-11-23",
                     *               "departs_at": "2026-11-23T05:00:00.000Z",
                     *               "from_tz": "Europe/Moscow",
                     *               "id": "01990000-0000-7000-8000-00000000000e",
                     *               "isNew": false,
                     *               "is_new": false,
                     *               "message": "Возьмёте?",
                     *               "price": 500,
                     *               "state": "declined",
                     *               "status": "declined",
                     *               "telegramUsername": "ivan",
                     *               "telegram_username": "ivan",
                     *               "time": "08:00 → 22:00",
                     *               "timestamp": "2026-11-21T15:32:30.328Z",
                     *               "to_tz": "Europe/Moscow",
                     *               "trip_id": "01990000-0000-7000-8000-000000000009"
                     *             },
                     *             {
                     *               "airport": "",
                     *               "arrival_date": "2026-11-23",
                     *               "arrives_at": "2026-11-23T19:00:00.000Z",
                     *               "comment": "Возьмёте?",
                     *               "courierAvatar": "/api/avatars/initials/7-I.svg",
                     *               "courierId": "01990000-0000-7000-8000-000000000004",
                     *               "courierName": "Oleg",
                     *               "courierRating": 0,
                     *               "courier_avatar": "/api/avatars/initials/7-I.svg",
                     *               "courier_id": "01990000-0000-7000-8000-000000000004",
                     *               "courier_name": "Oleg",
                     *               "courier_rating": 0,
                     *               "date": "2026-11-23",
                     *               "departs_at": "2026-11-23T05:00:00.000Z",
                     *               "from_tz": "Europe/Moscow",
                     *               "id": "01990000-0000-7000-8000-00000000000f",
                     *               "isNew": false,
                     *               "is_new": false,
                     *               "message": "Возьмёте?",
                     *               "price": 500,
                     *               "state": "cancelled",
                     *               "status": "declined",
                     *               "telegramUsername": "oleg",
                     *               "telegram_username": "oleg",
                     *               "time": "08:00 → 22:00",
                     *               "timestamp": "2026-11-21T15:32:30.353Z",
                     *               "to_tz": "Europe/Moscow",
                     *               "trip_id": "01990000-0000-7000-8000-00000000000c"
                     *             }
                     *           ],
                     *           "reward": 500,
                     *           "size": "s",
                     *           "state": "cancelled",
                     *           "status": "completed",
                     *           "tags": [
                     *             "книги"
                     *           ],
                     *           "to": "Казань",
                     *           "to_place": {
                     *             "id": 551487,
                     *             "lat": 55.78874,
                     *             "lon": 49.12214,
                     *             "name_en": "Kazan",
                     *             "name_ru": "Казань",
                     *             "tz": "Europe/Moscow"
                     *           },
                     *           "to_tz": "Europe/Moscow",
                     *           "usage_count": 0,
                     *           "version": 7,
                     *           "volume_ml": 5000,
                     *           "weight": "light",
                     *           "weight_g": 1000
                     *         },
                     *         {
                     *           "completedAt": "2026-11-21T15:32:30.203Z",
                     *           "created_at": "2026-11-21T15:32:29.496Z",
                     *           "deliver_by": "2026-12-05T15:32:29.496Z",
                     *           "delivery_address": "ул. Мира, 2",
                     *           "description": "Книги, одна коробка",
                     *           "dropoff": {
                     *             "lat": 55.78874,
                     *             "lon": 49.12214
                     *           },
                     *           "fee": 50,
                     *           "from": "Москва",
                     *           "from_place": {
                     *             "id": 524901,
                     *             "lat": 55.75204,
                     *             "lon": 37.61781,
                     *             "name_en": "Moscow",
                     *             "name_ru": "Москва",
                     *             "tz": "Europe/Moscow"
                     *           },
                     *           "from_tz": "Europe/Moscow",
                     *           "hand_over_codes": true,
                     *           "id": "01990000-0000-7000-8000-000000000008",
                     *           "mode": "choose",
                     *           "payment": "at_claim",
                     *           "pickup": {
                     *             "lat": 55.75204,
                     *             "lon": 37.61781
                     *           },
                     *           "pickup_address": "ул. Ленина, 1",
                     *           "ready_at": "2026-11-21T15:32:29.496Z",
                     *           "responses": [
                     *             {
                     *               "airport": "",
                     *               "arrival_date": "2026-11-23",
                     *               "arrives_at": "2026-11-23T19:00:00.000Z",
                     *               "comment": "Возьму",
                     *               "courierAvatar": "/api/avatars/initials/7-I.svg",
                     *               "courierId": "01990000-0000-7000-8000-00000000000b",
                     *               "courierName": "Ivan",
                     *               "courierRating": 5,
                     *               "courier_avatar": "/api/avatars/initials/7-I.svg",
                     *               "courier_id": "01990000-0000-7000-8000-00000000000b",
                     *               "courier_name": "Ivan",
                     *               "courier_rating": 5,
                     *               "date": "2026-11-23",
                     *               "departs_at": "2026-11-23T05:00:00.000Z",
                     *               "from_tz": "Europe/Moscow",
                     *               "id": "01990000-0000-7000-8000-00000000000a",
                     *               "isNew": false,
                     *               "is_new": false,
                     *               "message": "",
                     *               "price": 450,
                     *               "state": "confirmed",
                     *               "status": "selected",
                     *               "telegramUsername": "ivan",
                     *               "telegram_username": "ivan",
                     *               "time": "08:00 → 22:00",
                     *               "timestamp": "2026-11-21T15:32:29.544Z",
                     *               "to_tz": "Europe/Moscow",
                     *               "trip_id": "01990000-0000-7000-8000-000000000009"
                     *             }
                     *           ],
                     *           "reward": 500,
                     *           "selectedCourier": "Ivan",
                     *           "size": "s",
                     *           "state": "confirmed",
                     *           "status": "completed",
                     *           "tags": [
                     *             "книги"
                     *           ],
                     *           "to": "Казань",
                     *           "to_place": {
                     *             "id": 551487,
                     *             "lat": 55.78874,
                     *             "lon": 49.12214,
                     *             "name_en": "Kazan",
                     *             "name_ru": "Казань",
                     *             "tz": "Europe/Moscow"
                     *           },
                     *           "to_tz": "Europe/Moscow",
                     *           "usage_count": 0,
                     *           "version": 6,
                     *           "volume_ml": 5000,
                     *           "weight": "light",
                     *           "weight_g": 1000
                     *         }
                     *       ],
                     *       "position": {
                     *         "epoch": 2855630531953289,
                     *         "seq": 14
                     *       },
                     *       "requests": [],
                     *       "server_time": "2026-11-21T15:32:30.443Z",
                     *       "trips": []
                     *     }
                     */
                    "application/json": components["schemas"]["SyncState"];
                };
            };
            /** @description Unauthorized. */
            401: components["responses"]["Status401"];
            /** @description Service Unavailable. */
            503: components["responses"]["Status503"];
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    make_socket_ticket: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A ticket for one socket. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "expires_in": 30,
                     *       "ticket": "072d5fc130283825190a27fad319e51d14a90c74d55dff47544e60d3ea4fa41a"
                     *     }
                     */
                    "application/json": components["schemas"]["SocketTicket"];
                };
            };
            /** @description Unauthorized. */
            401: components["responses"]["Status401"];
            /** @description Service Unavailable. */
            503: components["responses"]["Status503"];
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    my_passenger_profile: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Who is driven. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "allowed_companion": true,
                     *       "disability_category": "I группа",
                     *       "full_name": "Мария Иванова",
                     *       "id": 412087366,
                     *       "region": {
                     *         "id": "01990000-0000-7000-8000-000000000072",
                     *         "title": "Центр"
                     *       },
                     *       "user": {
                     *         "email": "",
                     *         "id": 412087366,
                     *         "phone": "+79002220001",
                     *         "username": "+79002220001"
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["PassengerView"];
                };
            };
            /** @description Unauthorized. */
            401: components["responses"]["Status401"];
            /** @description Not Found. */
            404: components["responses"]["Status404"];
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    my_passenger_orders: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Several orders of the caller. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "count": 1,
                     *       "results": [
                     *         {
                     *           "assigned_at": "2026-11-21T15:32:30.464Z",
                     *           "assignment_reason": "the desk has decided so",
                     *           "completed_at": null,
                     *           "created_at": "2026-11-21T15:32:30.464Z",
                     *           "desired_pickup_time": "2026-11-21T15:32:30.464Z",
                     *           "distance_km": 6.202,
                     *           "driver": {
                     *             "car_model": "Lada Largus",
                     *             "id": 735190284,
                     *             "name": "Иван",
                     *             "plate_number": "А123ВС77",
                     *             "user": {
                     *               "email": "",
                     *               "id": 735190284,
                     *               "phone": "+79001110001",
                     *               "username": "+79001110001"
                     *             }
                     *           },
                     *           "dropoff_coordinate": {
                     *             "lat": 55.752,
                     *             "lon": 37.592
                     *           },
                     *           "dropoff_lat": 55.752,
                     *           "dropoff_lon": 37.592,
                     *           "dropoff_object_name": "",
                     *           "dropoff_title": "Арбат, 1",
                     *           "estimated_price": 1630,
                     *           "final_price": null,
                     *           "has_companion": false,
                     *           "id": "01990000-0000-7000-8000-000000000070",
                     *           "note": "у входа",
                     *           "passenger": {
                     *             "allowed_companion": true,
                     *             "disability_category": "I группа",
                     *             "full_name": "Мария Иванова",
                     *             "id": 412087366,
                     *             "region": {
                     *               "id": "01990000-0000-7000-8000-000000000072",
                     *               "title": "Центр"
                     *             },
                     *             "user": {
                     *               "email": "",
                     *               "id": 412087366,
                     *               "phone": "+79002220001",
                     *               "username": "+79002220001"
                     *             }
                     *           },
                     *           "pickup_coordinate": {
                     *             "lat": 55.776,
                     *             "lon": 37.655
                     *           },
                     *           "pickup_lat": 55.776,
                     *           "pickup_lon": 37.655,
                     *           "pickup_object_name": "Вокзал",
                     *           "pickup_title": "Комсомольская площадь, 2",
                     *           "price_breakdown": {
                     *             "base_distance_price": 1385.4,
                     *             "booking_fee": 100,
                     *             "companion_fee": 0,
                     *             "disability_multiplier": 1,
                     *             "minimum_fare_adjustment": 0,
                     *             "night_multiplier": 1,
                     *             "options_fee": 0,
                     *             "subtotal": 1485.4,
                     *             "surge_multiplier": 1,
                     *             "total": 1630,
                     *             "waiting_time_price": 0,
                     *             "weekend_multiplier": 1.1
                     *           },
                     *           "rejection_reason": "",
                     *           "seats_needed": 1,
                     *           "status": "assigned",
                     *           "waiting_time_minutes": 0
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["MyOrders"];
                };
            };
            /** @description Unauthorized. */
            401: components["responses"]["Status401"];
            /** @description Not Found. */
            404: components["responses"]["Status404"];
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    my_ride: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The order that one waits for, with its courier. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "driver_position": {
                     *         "last_update": "2026-11-21T15:32:30.464Z",
                     *         "lat": 55.77,
                     *         "lon": 37.65
                     *       },
                     *       "eta": {
                     *         "distance_km": 0.84,
                     *         "formatted": "2 min",
                     *         "seconds": 101
                     *       },
                     *       "order": {
                     *         "assigned_at": "2026-11-21T15:32:30.464Z",
                     *         "assignment_reason": "the desk has decided so",
                     *         "completed_at": null,
                     *         "created_at": "2026-11-21T15:32:30.464Z",
                     *         "desired_pickup_time": "2026-11-21T15:32:30.464Z",
                     *         "distance_km": 6.202,
                     *         "driver": {
                     *           "car_model": "Lada Largus",
                     *           "id": 735190284,
                     *           "name": "Иван",
                     *           "plate_number": "А123ВС77",
                     *           "user": {
                     *             "email": "",
                     *             "id": 735190284,
                     *             "phone": "+79001110001",
                     *             "username": "+79001110001"
                     *           }
                     *         },
                     *         "dropoff_coordinate": {
                     *           "lat": 55.752,
                     *           "lon": 37.592
                     *         },
                     *         "dropoff_lat": 55.752,
                     *         "dropoff_lon": 37.592,
                     *         "dropoff_object_name": "",
                     *         "dropoff_title": "Арбат, 1",
                     *         "estimated_price": 1630,
                     *         "final_price": null,
                     *         "has_companion": false,
                     *         "id": "01990000-0000-7000-8000-000000000070",
                     *         "note": "у входа",
                     *         "passenger": {
                     *           "allowed_companion": true,
                     *           "disability_category": "I группа",
                     *           "full_name": "Мария Иванова",
                     *           "id": 412087366,
                     *           "region": {
                     *             "id": "01990000-0000-7000-8000-000000000072",
                     *             "title": "Центр"
                     *           },
                     *           "user": {
                     *             "email": "",
                     *             "id": 412087366,
                     *             "phone": "+79002220001",
                     *             "username": "+79002220001"
                     *           }
                     *         },
                     *         "pickup_coordinate": {
                     *           "lat": 55.776,
                     *           "lon": 37.655
                     *         },
                     *         "pickup_lat": 55.776,
                     *         "pickup_lon": 37.655,
                     *         "pickup_object_name": "Вокзал",
                     *         "pickup_title": "Комсомольская площадь, 2",
                     *         "price_breakdown": {
                     *           "base_distance_price": 1385.4,
                     *           "booking_fee": 100,
                     *           "companion_fee": 0,
                     *           "disability_multiplier": 1,
                     *           "minimum_fare_adjustment": 0,
                     *           "night_multiplier": 1,
                     *           "options_fee": 0,
                     *           "subtotal": 1485.4,
                     *           "surge_multiplier": 1,
                     *           "total": 1630,
                     *           "waiting_time_price": 0,
                     *           "weekend_multiplier": 1.1
                     *         },
                     *         "rejection_reason": "",
                     *         "seats_needed": 1,
                     *         "status": "assigned",
                     *         "waiting_time_minutes": 0
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["ActiveRide"];
                };
            };
            /** @description Unauthorized. */
            401: components["responses"]["Status401"];
            /** @description Not Found. */
            404: components["responses"]["Status404"];
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    order_ride: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "desired_pickup_time": "now",
                 *       "dropoff_lat": 55.752,
                 *       "dropoff_lon": 37.592,
                 *       "dropoff_object_name": "",
                 *       "dropoff_title": "Арбат, 1",
                 *       "has_companion": false,
                 *       "note": "у входа",
                 *       "pickup_lat": 55.776,
                 *       "pickup_lon": 37.655,
                 *       "pickup_object_name": "Вокзал",
                 *       "pickup_title": "Комсомольская площадь, 2"
                 *     }
                 */
                "application/json": components["schemas"]["NewOrder"];
            };
        };
        responses: {
            /** @description An order. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "assigned_at": null,
                     *       "assignment_reason": "",
                     *       "completed_at": null,
                     *       "created_at": "2026-11-21T15:32:30.464Z",
                     *       "desired_pickup_time": "2026-11-21T15:32:30.464Z",
                     *       "distance_km": 6.202,
                     *       "driver": null,
                     *       "dropoff_coordinate": {
                     *         "lat": 55.752,
                     *         "lon": 37.592
                     *       },
                     *       "dropoff_lat": 55.752,
                     *       "dropoff_lon": 37.592,
                     *       "dropoff_object_name": "",
                     *       "dropoff_title": "Арбат, 1",
                     *       "estimated_price": 1630,
                     *       "final_price": null,
                     *       "has_companion": false,
                     *       "id": "01990000-0000-7000-8000-000000000070",
                     *       "note": "у входа",
                     *       "passenger": {
                     *         "allowed_companion": true,
                     *         "disability_category": "I группа",
                     *         "full_name": "Мария Иванова",
                     *         "id": 412087366,
                     *         "region": {
                     *           "id": "01990000-0000-7000-8000-000000000072",
                     *           "title": "Центр"
                     *         },
                     *         "user": {
                     *           "email": "",
                     *           "id": 412087366,
                     *           "phone": "+79002220001",
                     *           "username": "+79002220001"
                     *         }
                     *       },
                     *       "pickup_coordinate": {
                     *         "lat": 55.776,
                     *         "lon": 37.655
                     *       },
                     *       "pickup_lat": 55.776,
                     *       "pickup_lon": 37.655,
                     *       "pickup_object_name": "Вокзал",
                     *       "pickup_title": "Комсомольская площадь, 2",
                     *       "price_breakdown": {
                     *         "base_distance_price": 1385.4,
                     *         "booking_fee": 100,
                     *         "companion_fee": 0,
                     *         "disability_multiplier": 1,
                     *         "minimum_fare_adjustment": 0,
                     *         "night_multiplier": 1,
                     *         "options_fee": 0,
                     *         "subtotal": 1485.4,
                     *         "surge_multiplier": 1,
                     *         "total": 1630,
                     *         "waiting_time_price": 0,
                     *         "weekend_multiplier": 1.1
                     *       },
                     *       "rejection_reason": "",
                     *       "seats_needed": 1,
                     *       "status": "matching",
                     *       "waiting_time_minutes": 0
                     *     }
                     */
                    "application/json": components["schemas"]["OrderView"];
                };
            };
            /** @description Bad Request. */
            400: components["responses"]["Status400"];
            /** @description Unauthorized. */
            401: components["responses"]["Status401"];
            /** @description Unprocessable Entity. */
            422: components["responses"]["Status422"];
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    quote_ride: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "desired_pickup_time": "now",
                 *       "dropoff_lat": 55.752,
                 *       "dropoff_lon": 37.592,
                 *       "dropoff_object_name": "",
                 *       "dropoff_title": "Арбат, 1",
                 *       "has_companion": false,
                 *       "note": "у входа",
                 *       "pickup_lat": 55.776,
                 *       "pickup_lon": 37.655,
                 *       "pickup_object_name": "Вокзал",
                 *       "pickup_title": "Комсомольская площадь, 2"
                 *     }
                 */
                "application/json": components["schemas"]["NewOrder"];
            };
        };
        responses: {
            /** @description What a ride would cost. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "details": {
                     *         "base_distance_price": 1385.4,
                     *         "booking_fee": 100,
                     *         "companion_fee": 0,
                     *         "disability_multiplier": 1,
                     *         "minimum_fare_adjustment": 0,
                     *         "night_multiplier": 1,
                     *         "options_fee": 0,
                     *         "subtotal": 1485.4,
                     *         "surge_multiplier": 1,
                     *         "total": 1630,
                     *         "waiting_time_price": 0,
                     *         "weekend_multiplier": 1.1
                     *       },
                     *       "distance_km": 6.202,
                     *       "duration_minutes": 12.4,
                     *       "estimated_price": 1630,
                     *       "surge_multiplier": 1
                     *     }
                     */
                    "application/json": components["schemas"]["RideQuote"];
                };
            };
            /** @description Bad Request. */
            400: components["responses"]["Status400"];
            /** @description Unauthorized. */
            401: components["responses"]["Status401"];
            /** @description Unprocessable Entity. */
            422: components["responses"]["Status422"];
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    cancel_ride: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The order */
                order_id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                /**
                 * @example {
                 *       "reason": "передумала"
                 *     }
                 */
                "application/json": components["schemas"]["CancelRide"] | null;
            };
        };
        responses: {
            /** @description An order that was called off, and what that costs. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "cancel_fee": 1000,
                     *       "cancel_fee_details": {
                     *         "fee": 1000,
                     *         "policy": "under_way",
                     *         "reason": "the courier was on the way, or waited"
                     *       },
                     *       "order": {
                     *         "assigned_at": null,
                     *         "assignment_reason": "",
                     *         "completed_at": null,
                     *         "created_at": "2026-11-21T15:32:30.464Z",
                     *         "desired_pickup_time": "2026-11-21T15:32:30.464Z",
                     *         "distance_km": 6.202,
                     *         "driver": null,
                     *         "dropoff_coordinate": {
                     *           "lat": 55.752,
                     *           "lon": 37.592
                     *         },
                     *         "dropoff_lat": 55.752,
                     *         "dropoff_lon": 37.592,
                     *         "dropoff_object_name": "",
                     *         "dropoff_title": "Арбат, 1",
                     *         "estimated_price": 1630,
                     *         "final_price": null,
                     *         "has_companion": false,
                     *         "id": "01990000-0000-7000-8000-000000000070",
                     *         "note": "у входа",
                     *         "passenger": {
                     *           "allowed_companion": true,
                     *           "disability_category": "I группа",
                     *           "full_name": "Мария Иванова",
                     *           "id": 412087366,
                     *           "region": {
                     *             "id": "01990000-0000-7000-8000-000000000072",
                     *             "title": "Центр"
                     *           },
                     *           "user": {
                     *             "email": "",
                     *             "id": 412087366,
                     *             "phone": "+79002220001",
                     *             "username": "+79002220001"
                     *           }
                     *         },
                     *         "pickup_coordinate": {
                     *           "lat": 55.776,
                     *           "lon": 37.655
                     *         },
                     *         "pickup_lat": 55.776,
                     *         "pickup_lon": 37.655,
                     *         "pickup_object_name": "Вокзал",
                     *         "pickup_title": "Комсомольская площадь, 2",
                     *         "price_breakdown": {
                     *           "base_distance_price": 1385.4,
                     *           "booking_fee": 100,
                     *           "companion_fee": 0,
                     *           "disability_multiplier": 1,
                     *           "minimum_fare_adjustment": 0,
                     *           "night_multiplier": 1,
                     *           "options_fee": 0,
                     *           "subtotal": 1485.4,
                     *           "surge_multiplier": 1,
                     *           "total": 1630,
                     *           "waiting_time_price": 0,
                     *           "weekend_multiplier": 1.1
                     *         },
                     *         "rejection_reason": "",
                     *         "seats_needed": 1,
                     *         "status": "cancelled",
                     *         "waiting_time_minutes": 0
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["RideCancelled"];
                };
            };
            /** @description Bad Request. */
            400: components["responses"]["Status400"];
            /** @description Unauthorized. */
            401: components["responses"]["Status401"];
            /** @description Not Found. */
            404: components["responses"]["Status404"];
            /** @description Unprocessable Entity. */
            422: components["responses"]["Status422"];
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    ride_status: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The order */
                order_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Where an order stands. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "order_id": "01990000-0000-7000-8000-000000000070",
                     *       "status": "matching",
                     *       "updated_at": "2026-11-21T15:32:30.464Z",
                     *       "valid_transitions": [
                     *         "offered",
                     *         "active_queue",
                     *         "cancelled"
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["RideStatus"];
                };
            };
            /** @description Unauthorized. */
            401: components["responses"]["Status401"];
            /** @description Not Found. */
            404: components["responses"]["Status404"];
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    ride_route: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The order */
                order_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A way. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "distance_km": 6.202,
                     *       "distance_m": 6202,
                     *       "duration_minutes": 12.4,
                     *       "duration_seconds": 744,
                     *       "eta": "2026-11-21T15:44:54.464Z",
                     *       "route": [
                     *         [
                     *           55.776,
                     *           37.655
                     *         ],
                     *         [
                     *           55.752,
                     *           37.592
                     *         ]
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["RouteView"];
                };
            };
            /** @description Unauthorized. */
            401: components["responses"]["Status401"];
            /** @description Not Found. */
            404: components["responses"]["Status404"];
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    my_driver_profile: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Who drives. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "capacity": 4,
                     *       "car_model": "Lada Largus",
                     *       "current_lat": 55.77,
                     *       "current_lon": 37.65,
                     *       "current_position": {
                     *         "lat": 55.77,
                     *         "lon": 37.65
                     *       },
                     *       "id": 735190284,
                     *       "is_online": true,
                     *       "last_location_update": "2026-11-21T15:32:30.464Z",
                     *       "name": "Иван",
                     *       "plate_number": "А123ВС77",
                     *       "region": {
                     *         "id": "01990000-0000-7000-8000-000000000072",
                     *         "title": "Центр"
                     *       },
                     *       "status": "online_idle",
                     *       "user": {
                     *         "email": "",
                     *         "id": 735190284,
                     *         "phone": "+79001110001",
                     *         "username": "+79001110001"
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["DriverView"];
                };
            };
            /** @description Unauthorized. */
            401: components["responses"]["Status401"];
            /** @description Not Found. */
            404: components["responses"]["Status404"];
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    set_my_vehicle: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "capacity": 4,
                 *       "car_model": "Lada Largus",
                 *       "plate_number": "А123ВС77",
                 *       "region_id": "01990000-0000-7000-8000-000000000072"
                 *     }
                 */
                "application/json": components["schemas"]["MyVehicle"];
            };
        };
        responses: {
            /** @description Who drives. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "capacity": 4,
                     *       "car_model": "Lada Largus",
                     *       "current_lat": null,
                     *       "current_lon": null,
                     *       "current_position": null,
                     *       "id": 735190284,
                     *       "is_online": false,
                     *       "last_location_update": null,
                     *       "name": "Иван",
                     *       "plate_number": "А123ВС77",
                     *       "region": {
                     *         "id": "01990000-0000-7000-8000-000000000072",
                     *         "title": "Центр"
                     *       },
                     *       "status": "offline",
                     *       "user": {
                     *         "email": "",
                     *         "id": 735190284,
                     *         "phone": "+79001110001",
                     *         "username": "+79001110001"
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["DriverView"];
                };
            };
            /** @description Bad Request. */
            400: components["responses"]["Status400"];
            /** @description Unauthorized. */
            401: components["responses"]["Status401"];
            /** @description Forbidden. */
            403: components["responses"]["Status403"];
            /** @description Not Found. */
            404: components["responses"]["Status404"];
            /** @description Unprocessable Entity. */
            422: components["responses"]["Status422"];
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    send_my_location: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "lat": 55.77,
                 *       "lon": 37.65
                 *     }
                 */
                "application/json": components["schemas"]["Whereabouts"];
            };
        };
        responses: {
            /** @description Who drives. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "capacity": 4,
                     *       "car_model": "Lada Largus",
                     *       "current_lat": 55.77,
                     *       "current_lon": 37.65,
                     *       "current_position": {
                     *         "lat": 55.77,
                     *         "lon": 37.65
                     *       },
                     *       "id": 735190284,
                     *       "is_online": true,
                     *       "last_location_update": "2026-11-21T15:32:30.464Z",
                     *       "name": "Иван",
                     *       "plate_number": "А123ВС77",
                     *       "region": {
                     *         "id": "01990000-0000-7000-8000-000000000072",
                     *         "title": "Центр"
                     *       },
                     *       "status": "online_idle",
                     *       "user": {
                     *         "email": "",
                     *         "id": 735190284,
                     *         "phone": "+79001110001",
                     *         "username": "+79001110001"
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["DriverView"];
                };
            };
            /** @description Bad Request. */
            400: components["responses"]["Status400"];
            /** @description Unauthorized. */
            401: components["responses"]["Status401"];
            /** @description Not Found. */
            404: components["responses"]["Status404"];
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    set_me_online: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "is_online": true
                 *     }
                 */
                "application/json": components["schemas"]["OnlineStatus"];
            };
        };
        responses: {
            /** @description Who drives. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "capacity": 4,
                     *       "car_model": "Lada Largus",
                     *       "current_lat": 55.77,
                     *       "current_lon": 37.65,
                     *       "current_position": {
                     *         "lat": 55.77,
                     *         "lon": 37.65
                     *       },
                     *       "id": 735190284,
                     *       "is_online": true,
                     *       "last_location_update": "2026-11-21T15:32:30.464Z",
                     *       "name": "Иван",
                     *       "plate_number": "А123ВС77",
                     *       "region": {
                     *         "id": "01990000-0000-7000-8000-000000000072",
                     *         "title": "Центр"
                     *       },
                     *       "status": "online_idle",
                     *       "user": {
                     *         "email": "",
                     *         "id": 735190284,
                     *         "phone": "+79001110001",
                     *         "username": "+79001110001"
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["DriverView"];
                };
            };
            /** @description Bad Request. */
            400: components["responses"]["Status400"];
            /** @description Unauthorized. */
            401: components["responses"]["Status401"];
            /** @description Not Found. */
            404: components["responses"]["Status404"];
            /**
             * @description - `conflict`: somebody else changed it at the same moment: try again
             *     - `illegal_transition`: not in this state
             */
            409: {
                headers: {
                    /** @description After how many seconds to try again, if that may help. */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {string} */
                        code?: "conflict" | "illegal_transition";
                    };
                };
            };
            /** @description Unprocessable Entity. */
            422: components["responses"]["Status422"];
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    my_order_offers: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description What the caller is asked about. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "count": 1,
                     *       "results": [
                     *         {
                     *           "cost_score": 0.158,
                     *           "created_at": "2026-11-21T15:32:30.464Z",
                     *           "desired_pickup_time": "2026-11-21T15:32:30.464Z",
                     *           "distance_km": 0.84,
                     *           "dropoff_lat": 55.752,
                     *           "dropoff_lon": 37.592,
                     *           "dropoff_title": "Арбат, 1",
                     *           "eta_seconds": 101,
                     *           "expires_at": "2026-11-21T15:32:45.464Z",
                     *           "expires_in_seconds": 13,
                     *           "has_companion": false,
                     *           "offer_id": "01990000-0000-7000-8000-000000000071",
                     *           "order_id": "01990000-0000-7000-8000-000000000070",
                     *           "passenger": {
                     *             "disability_category": "I группа",
                     *             "full_name": "Мария Иванова",
                     *             "id": 412087366
                     *           },
                     *           "pickup_lat": 55.776,
                     *           "pickup_lon": 37.655,
                     *           "pickup_title": "Комсомольская площадь, 2"
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["MyOffers"];
                };
            };
            /** @description Unauthorized. */
            401: components["responses"]["Status401"];
            /** @description Not Found. */
            404: components["responses"]["Status404"];
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    accept_my_offer: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The offer */
                offer_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description What became of an offer, and of the order. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "message": "the order is yours",
                     *       "order": {
                     *         "assigned_at": "2026-11-21T15:32:30.464Z",
                     *         "assignment_reason": "the desk has decided so",
                     *         "completed_at": null,
                     *         "created_at": "2026-11-21T15:32:30.464Z",
                     *         "desired_pickup_time": "2026-11-21T15:32:30.464Z",
                     *         "distance_km": 6.202,
                     *         "driver": {
                     *           "car_model": "Lada Largus",
                     *           "id": 735190284,
                     *           "name": "Иван",
                     *           "plate_number": "А123ВС77",
                     *           "user": {
                     *             "email": "",
                     *             "id": 735190284,
                     *             "phone": "+79001110001",
                     *             "username": "+79001110001"
                     *           }
                     *         },
                     *         "dropoff_coordinate": {
                     *           "lat": 55.752,
                     *           "lon": 37.592
                     *         },
                     *         "dropoff_lat": 55.752,
                     *         "dropoff_lon": 37.592,
                     *         "dropoff_object_name": "",
                     *         "dropoff_title": "Арбат, 1",
                     *         "estimated_price": 1630,
                     *         "final_price": null,
                     *         "has_companion": false,
                     *         "id": "01990000-0000-7000-8000-000000000070",
                     *         "note": "у входа",
                     *         "passenger": {
                     *           "allowed_companion": true,
                     *           "disability_category": "I группа",
                     *           "full_name": "Мария Иванова",
                     *           "id": 412087366,
                     *           "region": {
                     *             "id": "01990000-0000-7000-8000-000000000072",
                     *             "title": "Центр"
                     *           },
                     *           "user": {
                     *             "email": "",
                     *             "id": 412087366,
                     *             "phone": "+79002220001",
                     *             "username": "+79002220001"
                     *           }
                     *         },
                     *         "pickup_coordinate": {
                     *           "lat": 55.776,
                     *           "lon": 37.655
                     *         },
                     *         "pickup_lat": 55.776,
                     *         "pickup_lon": 37.655,
                     *         "pickup_object_name": "Вокзал",
                     *         "pickup_title": "Комсомольская площадь, 2",
                     *         "price_breakdown": {
                     *           "base_distance_price": 1385.4,
                     *           "booking_fee": 100,
                     *           "companion_fee": 0,
                     *           "disability_multiplier": 1,
                     *           "minimum_fare_adjustment": 0,
                     *           "night_multiplier": 1,
                     *           "options_fee": 0,
                     *           "subtotal": 1485.4,
                     *           "surge_multiplier": 1,
                     *           "total": 1630,
                     *           "waiting_time_price": 0,
                     *           "weekend_multiplier": 1.1
                     *         },
                     *         "rejection_reason": "",
                     *         "seats_needed": 1,
                     *         "status": "assigned",
                     *         "waiting_time_minutes": 0
                     *       },
                     *       "success": true
                     *     }
                     */
                    "application/json": components["schemas"]["OfferAnswered"];
                };
            };
            /** @description Unauthorized. */
            401: components["responses"]["Status401"];
            /** @description Not Found. */
            404: components["responses"]["Status404"];
            /**
             * @description - `conflict`: somebody else changed it at the same moment: try again
             *     - `illegal_transition`: not in this state
             *     - `expired`: too late: the time to answer, or the package's own, is over
             *     - `already_taken`: another courier has the package
             */
            409: {
                headers: {
                    /** @description After how many seconds to try again, if that may help. */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {string} */
                        code?: "conflict" | "illegal_transition" | "expired" | "already_taken";
                    };
                };
            };
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    decline_my_offer: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The offer */
                offer_id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                /**
                 * @example {
                 *       "reason": "обед"
                 *     }
                 */
                "application/json": components["schemas"]["DeclineOffer"] | null;
            };
        };
        responses: {
            /** @description What became of an offer, and of the order. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "message": "another courier is asked",
                     *       "order": null,
                     *       "success": true
                     *     }
                     */
                    "application/json": components["schemas"]["OfferAnswered"];
                };
            };
            /** @description Bad Request. */
            400: components["responses"]["Status400"];
            /** @description Unauthorized. */
            401: components["responses"]["Status401"];
            /** @description Not Found. */
            404: components["responses"]["Status404"];
            /**
             * @description - `conflict`: somebody else changed it at the same moment: try again
             *     - `illegal_transition`: not in this state
             *     - `expired`: too late: the time to answer, or the package's own, is over
             */
            409: {
                headers: {
                    /** @description After how many seconds to try again, if that may help. */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {string} */
                        code?: "conflict" | "illegal_transition" | "expired";
                    };
                };
            };
            /** @description Unprocessable Entity. */
            422: components["responses"]["Status422"];
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    my_driver_orders: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Several orders of the caller. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "count": 1,
                     *       "results": [
                     *         {
                     *           "assigned_at": "2026-11-21T15:32:30.464Z",
                     *           "assignment_reason": "the desk has decided so",
                     *           "completed_at": null,
                     *           "created_at": "2026-11-21T15:32:30.464Z",
                     *           "desired_pickup_time": "2026-11-21T15:32:30.464Z",
                     *           "distance_km": 6.202,
                     *           "driver": {
                     *             "car_model": "Lada Largus",
                     *             "id": 735190284,
                     *             "name": "Иван",
                     *             "plate_number": "А123ВС77",
                     *             "user": {
                     *               "email": "",
                     *               "id": 735190284,
                     *               "phone": "+79001110001",
                     *               "username": "+79001110001"
                     *             }
                     *           },
                     *           "dropoff_coordinate": {
                     *             "lat": 55.752,
                     *             "lon": 37.592
                     *           },
                     *           "dropoff_lat": 55.752,
                     *           "dropoff_lon": 37.592,
                     *           "dropoff_object_name": "",
                     *           "dropoff_title": "Арбат, 1",
                     *           "estimated_price": 1630,
                     *           "final_price": null,
                     *           "has_companion": false,
                     *           "id": "01990000-0000-7000-8000-000000000070",
                     *           "note": "у входа",
                     *           "passenger": {
                     *             "allowed_companion": true,
                     *             "disability_category": "I группа",
                     *             "full_name": "Мария Иванова",
                     *             "id": 412087366,
                     *             "region": {
                     *               "id": "01990000-0000-7000-8000-000000000072",
                     *               "title": "Центр"
                     *             },
                     *             "user": {
                     *               "email": "",
                     *               "id": 412087366,
                     *               "phone": "+79002220001",
                     *               "username": "+79002220001"
                     *             }
                     *           },
                     *           "pickup_coordinate": {
                     *             "lat": 55.776,
                     *             "lon": 37.655
                     *           },
                     *           "pickup_lat": 55.776,
                     *           "pickup_lon": 37.655,
                     *           "pickup_object_name": "Вокзал",
                     *           "pickup_title": "Комсомольская площадь, 2",
                     *           "price_breakdown": {
                     *             "base_distance_price": 1385.4,
                     *             "booking_fee": 100,
                     *             "companion_fee": 0,
                     *             "disability_multiplier": 1,
                     *             "minimum_fare_adjustment": 0,
                     *             "night_multiplier": 1,
                     *             "options_fee": 0,
                     *             "subtotal": 1485.4,
                     *             "surge_multiplier": 1,
                     *             "total": 1630,
                     *             "waiting_time_price": 0,
                     *             "weekend_multiplier": 1.1
                     *           },
                     *           "rejection_reason": "",
                     *           "seats_needed": 1,
                     *           "status": "assigned",
                     *           "waiting_time_minutes": 0
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["MyOrders"];
                };
            };
            /** @description Unauthorized. */
            401: components["responses"]["Status401"];
            /** @description Not Found. */
            404: components["responses"]["Status404"];
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    my_driver_order: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The order that the caller has. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "order": {
                     *         "assigned_at": "2026-11-21T15:32:30.464Z",
                     *         "assignment_reason": "the desk has decided so",
                     *         "completed_at": null,
                     *         "created_at": "2026-11-21T15:32:30.464Z",
                     *         "desired_pickup_time": "2026-11-21T15:32:30.464Z",
                     *         "distance_km": 6.202,
                     *         "driver": {
                     *           "car_model": "Lada Largus",
                     *           "id": 735190284,
                     *           "name": "Иван",
                     *           "plate_number": "А123ВС77",
                     *           "user": {
                     *             "email": "",
                     *             "id": 735190284,
                     *             "phone": "+79001110001",
                     *             "username": "+79001110001"
                     *           }
                     *         },
                     *         "dropoff_coordinate": {
                     *           "lat": 55.752,
                     *           "lon": 37.592
                     *         },
                     *         "dropoff_lat": 55.752,
                     *         "dropoff_lon": 37.592,
                     *         "dropoff_object_name": "",
                     *         "dropoff_title": "Арбат, 1",
                     *         "estimated_price": 1630,
                     *         "final_price": null,
                     *         "has_companion": false,
                     *         "id": "01990000-0000-7000-8000-000000000070",
                     *         "note": "у входа",
                     *         "passenger": {
                     *           "allowed_companion": true,
                     *           "disability_category": "I группа",
                     *           "full_name": "Мария Иванова",
                     *           "id": 412087366,
                     *           "region": {
                     *             "id": "01990000-0000-7000-8000-000000000072",
                     *             "title": "Центр"
                     *           },
                     *           "user": {
                     *             "email": "",
                     *             "id": 412087366,
                     *             "phone": "+79002220001",
                     *             "username": "+79002220001"
                     *           }
                     *         },
                     *         "pickup_coordinate": {
                     *           "lat": 55.776,
                     *           "lon": 37.655
                     *         },
                     *         "pickup_lat": 55.776,
                     *         "pickup_lon": 37.655,
                     *         "pickup_object_name": "Вокзал",
                     *         "pickup_title": "Комсомольская площадь, 2",
                     *         "price_breakdown": {
                     *           "base_distance_price": 1385.4,
                     *           "booking_fee": 100,
                     *           "companion_fee": 0,
                     *           "disability_multiplier": 1,
                     *           "minimum_fare_adjustment": 0,
                     *           "night_multiplier": 1,
                     *           "options_fee": 0,
                     *           "subtotal": 1485.4,
                     *           "surge_multiplier": 1,
                     *           "total": 1630,
                     *           "waiting_time_price": 0,
                     *           "weekend_multiplier": 1.1
                     *         },
                     *         "rejection_reason": "",
                     *         "seats_needed": 1,
                     *         "status": "assigned",
                     *         "waiting_time_minutes": 0
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["ActiveOrder"];
                };
            };
            /** @description Unauthorized. */
            401: components["responses"]["Status401"];
            /** @description Not Found. */
            404: components["responses"]["Status404"];
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    my_driver_statistics: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description What the caller has done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "acceptance_rate": 0.8375,
                     *       "completed_orders": 128,
                     *       "completed_today": 5,
                     *       "offers": 160,
                     *       "offers_accepted": 134,
                     *       "orders_called_off": 2
                     *     }
                     */
                    "application/json": components["schemas"]["DriverStatistics"];
                };
            };
            /** @description Unauthorized. */
            401: components["responses"]["Status401"];
            /** @description Not Found. */
            404: components["responses"]["Status404"];
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    town_orders: {
        parameters: {
            query?: {
                /** @description States, between commas. */
                status?: string;
                /** @description Those of one passenger, by number. */
                passenger_id?: number;
                /** @description Those of one courier, by number. */
                driver_id?: number;
                /** @description Words in an address or the passenger's name. */
                search?: string;
                /** @description 1 is the first. */
                page?: number;
                /** @description 20 if absent, 100 at most. */
                page_size?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of orders. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "count": 1,
                     *       "next": null,
                     *       "previous": null,
                     *       "results": [
                     *         {
                     *           "assigned_at": null,
                     *           "assignment_reason": "",
                     *           "completed_at": null,
                     *           "created_at": "2026-11-21T15:32:30.464Z",
                     *           "desired_pickup_time": "2026-11-21T15:32:30.464Z",
                     *           "distance_km": 6.202,
                     *           "driver": null,
                     *           "dropoff_coordinate": {
                     *             "lat": 55.752,
                     *             "lon": 37.592
                     *           },
                     *           "dropoff_lat": 55.752,
                     *           "dropoff_lon": 37.592,
                     *           "dropoff_object_name": "",
                     *           "dropoff_title": "Арбат, 1",
                     *           "estimated_price": 1630,
                     *           "final_price": null,
                     *           "has_companion": false,
                     *           "id": "01990000-0000-7000-8000-000000000070",
                     *           "note": "у входа",
                     *           "passenger": {
                     *             "allowed_companion": true,
                     *             "disability_category": "I группа",
                     *             "full_name": "Мария Иванова",
                     *             "id": 412087366,
                     *             "region": {
                     *               "id": "01990000-0000-7000-8000-000000000072",
                     *               "title": "Центр"
                     *             },
                     *             "user": {
                     *               "email": "",
                     *               "id": 412087366,
                     *               "phone": "+79002220001",
                     *               "username": "+79002220001"
                     *             }
                     *           },
                     *           "pickup_coordinate": {
                     *             "lat": 55.776,
                     *             "lon": 37.655
                     *           },
                     *           "pickup_lat": 55.776,
                     *           "pickup_lon": 37.655,
                     *           "pickup_object_name": "Вокзал",
                     *           "pickup_title": "Комсомольская площадь, 2",
                     *           "price_breakdown": {
                     *             "base_distance_price": 1385.4,
                     *             "booking_fee": 100,
                     *             "companion_fee": 0,
                     *             "disability_multiplier": 1,
                     *             "minimum_fare_adjustment": 0,
                     *             "night_multiplier": 1,
                     *             "options_fee": 0,
                     *             "subtotal": 1485.4,
                     *             "surge_multiplier": 1,
                     *             "total": 1630,
                     *             "waiting_time_price": 0,
                     *             "weekend_multiplier": 1.1
                     *           },
                     *           "rejection_reason": "",
                     *           "seats_needed": 1,
                     *           "status": "submitted",
                     *           "waiting_time_minutes": 0
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["OrderPage"];
                };
            };
            /** @description Bad Request. */
            400: components["responses"]["Status400"];
            /** @description Unauthorized. */
            401: components["responses"]["Status401"];
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    place_order: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "desired_pickup_time": "now",
                 *       "dropoff_lat": 55.752,
                 *       "dropoff_lon": 37.592,
                 *       "dropoff_object_name": "",
                 *       "dropoff_title": "Арбат, 1",
                 *       "has_companion": false,
                 *       "note": "у входа",
                 *       "passenger_id": 412087366,
                 *       "pickup_lat": 55.776,
                 *       "pickup_lon": 37.655,
                 *       "pickup_object_name": "Вокзал",
                 *       "pickup_title": "Комсомольская площадь, 2"
                 *     }
                 */
                "application/json": components["schemas"]["NewOrder"];
            };
        };
        responses: {
            /** @description An order. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "assigned_at": null,
                     *       "assignment_reason": "",
                     *       "completed_at": null,
                     *       "created_at": "2026-11-21T15:32:30.464Z",
                     *       "desired_pickup_time": "2026-11-21T15:32:30.464Z",
                     *       "distance_km": 6.202,
                     *       "driver": null,
                     *       "dropoff_coordinate": {
                     *         "lat": 55.752,
                     *         "lon": 37.592
                     *       },
                     *       "dropoff_lat": 55.752,
                     *       "dropoff_lon": 37.592,
                     *       "dropoff_object_name": "",
                     *       "dropoff_title": "Арбат, 1",
                     *       "estimated_price": 1630,
                     *       "final_price": null,
                     *       "has_companion": false,
                     *       "id": "01990000-0000-7000-8000-000000000070",
                     *       "note": "у входа",
                     *       "passenger": {
                     *         "allowed_companion": true,
                     *         "disability_category": "I группа",
                     *         "full_name": "Мария Иванова",
                     *         "id": 412087366,
                     *         "region": {
                     *           "id": "01990000-0000-7000-8000-000000000072",
                     *           "title": "Центр"
                     *         },
                     *         "user": {
                     *           "email": "",
                     *           "id": 412087366,
                     *           "phone": "+79002220001",
                     *           "username": "+79002220001"
                     *         }
                     *       },
                     *       "pickup_coordinate": {
                     *         "lat": 55.776,
                     *         "lon": 37.655
                     *       },
                     *       "pickup_lat": 55.776,
                     *       "pickup_lon": 37.655,
                     *       "pickup_object_name": "Вокзал",
                     *       "pickup_title": "Комсомольская площадь, 2",
                     *       "price_breakdown": {
                     *         "base_distance_price": 1385.4,
                     *         "booking_fee": 100,
                     *         "companion_fee": 0,
                     *         "disability_multiplier": 1,
                     *         "minimum_fare_adjustment": 0,
                     *         "night_multiplier": 1,
                     *         "options_fee": 0,
                     *         "subtotal": 1485.4,
                     *         "surge_multiplier": 1,
                     *         "total": 1630,
                     *         "waiting_time_price": 0,
                     *         "weekend_multiplier": 1.1
                     *       },
                     *       "rejection_reason": "",
                     *       "seats_needed": 1,
                     *       "status": "submitted",
                     *       "waiting_time_minutes": 0
                     *     }
                     */
                    "application/json": components["schemas"]["OrderView"];
                };
            };
            /** @description Bad Request. */
            400: components["responses"]["Status400"];
            /** @description Unauthorized. */
            401: components["responses"]["Status401"];
            /** @description Forbidden. */
            403: components["responses"]["Status403"];
            /** @description Unprocessable Entity. */
            422: components["responses"]["Status422"];
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    town_order: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The order */
                order_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description An order. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "assigned_at": "2026-11-21T15:32:30.464Z",
                     *       "assignment_reason": "the desk has decided so",
                     *       "completed_at": null,
                     *       "created_at": "2026-11-21T15:32:30.464Z",
                     *       "desired_pickup_time": "2026-11-21T15:32:30.464Z",
                     *       "distance_km": 6.202,
                     *       "driver": {
                     *         "car_model": "Lada Largus",
                     *         "id": 735190284,
                     *         "name": "Иван",
                     *         "plate_number": "А123ВС77",
                     *         "user": {
                     *           "email": "",
                     *           "id": 735190284,
                     *           "phone": "+79001110001",
                     *           "username": "+79001110001"
                     *         }
                     *       },
                     *       "dropoff_coordinate": {
                     *         "lat": 55.752,
                     *         "lon": 37.592
                     *       },
                     *       "dropoff_lat": 55.752,
                     *       "dropoff_lon": 37.592,
                     *       "dropoff_object_name": "",
                     *       "dropoff_title": "Арбат, 1",
                     *       "estimated_price": 1630,
                     *       "final_price": null,
                     *       "has_companion": false,
                     *       "id": "01990000-0000-7000-8000-000000000070",
                     *       "note": "у входа",
                     *       "passenger": {
                     *         "allowed_companion": true,
                     *         "disability_category": "I группа",
                     *         "full_name": "Мария Иванова",
                     *         "id": 412087366,
                     *         "region": {
                     *           "id": "01990000-0000-7000-8000-000000000072",
                     *           "title": "Центр"
                     *         },
                     *         "user": {
                     *           "email": "",
                     *           "id": 412087366,
                     *           "phone": "+79002220001",
                     *           "username": "+79002220001"
                     *         }
                     *       },
                     *       "pickup_coordinate": {
                     *         "lat": 55.776,
                     *         "lon": 37.655
                     *       },
                     *       "pickup_lat": 55.776,
                     *       "pickup_lon": 37.655,
                     *       "pickup_object_name": "Вокзал",
                     *       "pickup_title": "Комсомольская площадь, 2",
                     *       "price_breakdown": {
                     *         "base_distance_price": 1385.4,
                     *         "booking_fee": 100,
                     *         "companion_fee": 0,
                     *         "disability_multiplier": 1,
                     *         "minimum_fare_adjustment": 0,
                     *         "night_multiplier": 1,
                     *         "options_fee": 0,
                     *         "subtotal": 1485.4,
                     *         "surge_multiplier": 1,
                     *         "total": 1630,
                     *         "waiting_time_price": 0,
                     *         "weekend_multiplier": 1.1
                     *       },
                     *       "rejection_reason": "",
                     *       "seats_needed": 1,
                     *       "status": "assigned",
                     *       "waiting_time_minutes": 0
                     *     }
                     */
                    "application/json": components["schemas"]["OrderView"];
                };
            };
            /** @description Unauthorized. */
            401: components["responses"]["Status401"];
            /** @description Not Found. */
            404: components["responses"]["Status404"];
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    change_order: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The order */
                order_id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "note": "второй подъезд"
                 *     }
                 */
                "application/json": components["schemas"]["NewOrder"];
            };
        };
        responses: {
            /** @description An order. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "assigned_at": null,
                     *       "assignment_reason": "",
                     *       "completed_at": null,
                     *       "created_at": "2026-11-21T15:32:30.464Z",
                     *       "desired_pickup_time": "2026-11-21T15:32:30.464Z",
                     *       "distance_km": 6.202,
                     *       "driver": null,
                     *       "dropoff_coordinate": {
                     *         "lat": 55.752,
                     *         "lon": 37.592
                     *       },
                     *       "dropoff_lat": 55.752,
                     *       "dropoff_lon": 37.592,
                     *       "dropoff_object_name": "",
                     *       "dropoff_title": "Арбат, 1",
                     *       "estimated_price": 1630,
                     *       "final_price": null,
                     *       "has_companion": false,
                     *       "id": "01990000-0000-7000-8000-000000000070",
                     *       "note": "второй подъезд",
                     *       "passenger": {
                     *         "allowed_companion": true,
                     *         "disability_category": "I группа",
                     *         "full_name": "Мария Иванова",
                     *         "id": 412087366,
                     *         "region": {
                     *           "id": "01990000-0000-7000-8000-000000000072",
                     *           "title": "Центр"
                     *         },
                     *         "user": {
                     *           "email": "",
                     *           "id": 412087366,
                     *           "phone": "+79002220001",
                     *           "username": "+79002220001"
                     *         }
                     *       },
                     *       "pickup_coordinate": {
                     *         "lat": 55.776,
                     *         "lon": 37.655
                     *       },
                     *       "pickup_lat": 55.776,
                     *       "pickup_lon": 37.655,
                     *       "pickup_object_name": "Вокзал",
                     *       "pickup_title": "Комсомольская площадь, 2",
                     *       "price_breakdown": {
                     *         "base_distance_price": 1385.4,
                     *         "booking_fee": 100,
                     *         "companion_fee": 0,
                     *         "disability_multiplier": 1,
                     *         "minimum_fare_adjustment": 0,
                     *         "night_multiplier": 1,
                     *         "options_fee": 0,
                     *         "subtotal": 1485.4,
                     *         "surge_multiplier": 1,
                     *         "total": 1630,
                     *         "waiting_time_price": 0,
                     *         "weekend_multiplier": 1.1
                     *       },
                     *       "rejection_reason": "",
                     *       "seats_needed": 1,
                     *       "status": "submitted",
                     *       "waiting_time_minutes": 0
                     *     }
                     */
                    "application/json": components["schemas"]["OrderView"];
                };
            };
            /** @description Bad Request. */
            400: components["responses"]["Status400"];
            /** @description Unauthorized. */
            401: components["responses"]["Status401"];
            /** @description Not Found. */
            404: components["responses"]["Status404"];
            /**
             * @description - `conflict`: somebody else changed it at the same moment: try again
             *     - `illegal_transition`: not in this state
             */
            409: {
                headers: {
                    /** @description After how many seconds to try again, if that may help. */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {string} */
                        code?: "conflict" | "illegal_transition";
                    };
                };
            };
            /** @description Unprocessable Entity. */
            422: components["responses"]["Status422"];
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    move_order: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The order */
                order_id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "status": "driver_en_route"
                 *     }
                 */
                "application/json": components["schemas"]["NewOrderStatus"];
            };
        };
        responses: {
            /** @description An order. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "assigned_at": "2026-11-21T15:32:30.464Z",
                     *       "assignment_reason": "the desk has decided so",
                     *       "completed_at": null,
                     *       "created_at": "2026-11-21T15:32:30.464Z",
                     *       "desired_pickup_time": "2026-11-21T15:32:30.464Z",
                     *       "distance_km": 6.202,
                     *       "driver": {
                     *         "car_model": "Lada Largus",
                     *         "id": 735190284,
                     *         "name": "Иван",
                     *         "plate_number": "А123ВС77",
                     *         "user": {
                     *           "email": "",
                     *           "id": 735190284,
                     *           "phone": "+79001110001",
                     *           "username": "+79001110001"
                     *         }
                     *       },
                     *       "dropoff_coordinate": {
                     *         "lat": 55.752,
                     *         "lon": 37.592
                     *       },
                     *       "dropoff_lat": 55.752,
                     *       "dropoff_lon": 37.592,
                     *       "dropoff_object_name": "",
                     *       "dropoff_title": "Арбат, 1",
                     *       "estimated_price": 1630,
                     *       "final_price": null,
                     *       "has_companion": false,
                     *       "id": "01990000-0000-7000-8000-000000000070",
                     *       "note": "у входа",
                     *       "passenger": {
                     *         "allowed_companion": true,
                     *         "disability_category": "I группа",
                     *         "full_name": "Мария Иванова",
                     *         "id": 412087366,
                     *         "region": {
                     *           "id": "01990000-0000-7000-8000-000000000072",
                     *           "title": "Центр"
                     *         },
                     *         "user": {
                     *           "email": "",
                     *           "id": 412087366,
                     *           "phone": "+79002220001",
                     *           "username": "+79002220001"
                     *         }
                     *       },
                     *       "pickup_coordinate": {
                     *         "lat": 55.776,
                     *         "lon": 37.655
                     *       },
                     *       "pickup_lat": 55.776,
                     *       "pickup_lon": 37.655,
                     *       "pickup_object_name": "Вокзал",
                     *       "pickup_title": "Комсомольская площадь, 2",
                     *       "price_breakdown": {
                     *         "base_distance_price": 1385.4,
                     *         "booking_fee": 100,
                     *         "companion_fee": 0,
                     *         "disability_multiplier": 1,
                     *         "minimum_fare_adjustment": 0,
                     *         "night_multiplier": 1,
                     *         "options_fee": 0,
                     *         "subtotal": 1485.4,
                     *         "surge_multiplier": 1,
                     *         "total": 1630,
                     *         "waiting_time_price": 0,
                     *         "weekend_multiplier": 1.1
                     *       },
                     *       "rejection_reason": "",
                     *       "seats_needed": 1,
                     *       "status": "driver_en_route",
                     *       "waiting_time_minutes": 0
                     *     }
                     */
                    "application/json": components["schemas"]["OrderView"];
                };
            };
            /** @description Bad Request. */
            400: components["responses"]["Status400"];
            /** @description Unauthorized. */
            401: components["responses"]["Status401"];
            /** @description Forbidden. */
            403: components["responses"]["Status403"];
            /** @description Not Found. */
            404: components["responses"]["Status404"];
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    order_events: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The order */
                order_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example [
                     *       {
                     *         "by": "staff",
                     *         "created_at": "2026-11-21T15:32:30.464Z",
                     *         "description": "a courier is looked for",
                     *         "status_from": "submitted",
                     *         "status_to": "matching"
                     *       }
                     *     ]
                     */
                    "application/json": components["schemas"]["OrderStepView"][];
                };
            };
            /** @description Unauthorized. */
            401: components["responses"]["Status401"];
            /** @description Not Found. */
            404: components["responses"]["Status404"];
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    orders_of_passenger: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The passenger's number */
                passenger_id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example [
                     *       {
                     *         "assigned_at": null,
                     *         "assignment_reason": "",
                     *         "completed_at": null,
                     *         "created_at": "2026-11-21T15:32:30.464Z",
                     *         "desired_pickup_time": "2026-11-21T15:32:30.464Z",
                     *         "distance_km": 6.202,
                     *         "driver": null,
                     *         "dropoff_coordinate": {
                     *           "lat": 55.752,
                     *           "lon": 37.592
                     *         },
                     *         "dropoff_lat": 55.752,
                     *         "dropoff_lon": 37.592,
                     *         "dropoff_object_name": "",
                     *         "dropoff_title": "Арбат, 1",
                     *         "estimated_price": 1630,
                     *         "final_price": null,
                     *         "has_companion": false,
                     *         "id": "01990000-0000-7000-8000-000000000070",
                     *         "note": "у входа",
                     *         "passenger": {
                     *           "allowed_companion": true,
                     *           "disability_category": "I группа",
                     *           "full_name": "Мария Иванова",
                     *           "id": 412087366,
                     *           "region": {
                     *             "id": "01990000-0000-7000-8000-000000000072",
                     *             "title": "Центр"
                     *           },
                     *           "user": {
                     *             "email": "",
                     *             "id": 412087366,
                     *             "phone": "+79002220001",
                     *             "username": "+79002220001"
                     *           }
                     *         },
                     *         "pickup_coordinate": {
                     *           "lat": 55.776,
                     *           "lon": 37.655
                     *         },
                     *         "pickup_lat": 55.776,
                     *         "pickup_lon": 37.655,
                     *         "pickup_object_name": "Вокзал",
                     *         "pickup_title": "Комсомольская площадь, 2",
                     *         "price_breakdown": {
                     *           "base_distance_price": 1385.4,
                     *           "booking_fee": 100,
                     *           "companion_fee": 0,
                     *           "disability_multiplier": 1,
                     *           "minimum_fare_adjustment": 0,
                     *           "night_multiplier": 1,
                     *           "options_fee": 0,
                     *           "subtotal": 1485.4,
                     *           "surge_multiplier": 1,
                     *           "total": 1630,
                     *           "waiting_time_price": 0,
                     *           "weekend_multiplier": 1.1
                     *         },
                     *         "rejection_reason": "",
                     *         "seats_needed": 1,
                     *         "status": "submitted",
                     *         "waiting_time_minutes": 0
                     *       }
                     *     ]
                     */
                    "application/json": components["schemas"]["OrderView"][];
                };
            };
            /** @description Unauthorized. */
            401: components["responses"]["Status401"];
            /** @description Not Found. */
            404: components["responses"]["Status404"];
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    orders_of_driver: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The courier's number */
                driver_id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example [
                     *       {
                     *         "assigned_at": "2026-11-21T15:32:30.464Z",
                     *         "assignment_reason": "the desk has decided so",
                     *         "completed_at": null,
                     *         "created_at": "2026-11-21T15:32:30.464Z",
                     *         "desired_pickup_time": "2026-11-21T15:32:30.464Z",
                     *         "distance_km": 6.202,
                     *         "driver": {
                     *           "car_model": "Lada Largus",
                     *           "id": 735190284,
                     *           "name": "Иван",
                     *           "plate_number": "А123ВС77",
                     *           "user": {
                     *             "email": "",
                     *             "id": 735190284,
                     *             "phone": "+79001110001",
                     *             "username": "+79001110001"
                     *           }
                     *         },
                     *         "dropoff_coordinate": {
                     *           "lat": 55.752,
                     *           "lon": 37.592
                     *         },
                     *         "dropoff_lat": 55.752,
                     *         "dropoff_lon": 37.592,
                     *         "dropoff_object_name": "",
                     *         "dropoff_title": "Арбат, 1",
                     *         "estimated_price": 1630,
                     *         "final_price": null,
                     *         "has_companion": false,
                     *         "id": "01990000-0000-7000-8000-000000000070",
                     *         "note": "у входа",
                     *         "passenger": {
                     *           "allowed_companion": true,
                     *           "disability_category": "I группа",
                     *           "full_name": "Мария Иванова",
                     *           "id": 412087366,
                     *           "region": {
                     *             "id": "01990000-0000-7000-8000-000000000072",
                     *             "title": "Центр"
                     *           },
                     *           "user": {
                     *             "email": "",
                     *             "id": 412087366,
                     *             "phone": "+79002220001",
                     *             "username": "+79002220001"
                     *           }
                     *         },
                     *         "pickup_coordinate": {
                     *           "lat": 55.776,
                     *           "lon": 37.655
                     *         },
                     *         "pickup_lat": 55.776,
                     *         "pickup_lon": 37.655,
                     *         "pickup_object_name": "Вокзал",
                     *         "pickup_title": "Комсомольская площадь, 2",
                     *         "price_breakdown": {
                     *           "base_distance_price": 1385.4,
                     *           "booking_fee": 100,
                     *           "companion_fee": 0,
                     *           "disability_multiplier": 1,
                     *           "minimum_fare_adjustment": 0,
                     *           "night_multiplier": 1,
                     *           "options_fee": 0,
                     *           "subtotal": 1485.4,
                     *           "surge_multiplier": 1,
                     *           "total": 1630,
                     *           "waiting_time_price": 0,
                     *           "weekend_multiplier": 1.1
                     *         },
                     *         "rejection_reason": "",
                     *         "seats_needed": 1,
                     *         "status": "assigned",
                     *         "waiting_time_minutes": 0
                     *       }
                     *     ]
                     */
                    "application/json": components["schemas"]["OrderView"][];
                };
            };
            /** @description Unauthorized. */
            401: components["responses"]["Status401"];
            /** @description Not Found. */
            404: components["responses"]["Status404"];
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    calculate_order_price: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The order */
                order_id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "actual_distance_km": 6.5,
                 *       "actual_waiting_time_minutes": 3
                 *     }
                 */
                "application/json": components["schemas"]["DrivenRide"];
            };
        };
        responses: {
            /** @description What an order costs with what was driven. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "estimated_price": 1630,
                     *       "final_price": 1670,
                     *       "order_id": "01990000-0000-7000-8000-000000000070",
                     *       "price_breakdown": {
                     *         "base_distance_price": 1385.4,
                     *         "booking_fee": 100,
                     *         "companion_fee": 0,
                     *         "disability_multiplier": 1,
                     *         "minimum_fare_adjustment": 0,
                     *         "night_multiplier": 1,
                     *         "options_fee": 0,
                     *         "subtotal": 1485.4,
                     *         "surge_multiplier": 1,
                     *         "total": 1630,
                     *         "waiting_time_price": 0,
                     *         "weekend_multiplier": 1.1
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["OrderPrice"];
                };
            };
            /** @description Bad Request. */
            400: components["responses"]["Status400"];
            /** @description Unauthorized. */
            401: components["responses"]["Status401"];
            /** @description Not Found. */
            404: components["responses"]["Status404"];
            /** @description Unprocessable Entity. */
            422: components["responses"]["Status422"];
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    quote_order: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The order */
                order_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description What an order is expected to cost. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "breakdown_id": "01990000-0000-7000-8000-000000000070-quote-1",
                     *       "details": {
                     *         "base_distance_price": 1385.4,
                     *         "booking_fee": 100,
                     *         "companion_fee": 0,
                     *         "disability_multiplier": 1,
                     *         "minimum_fare_adjustment": 0,
                     *         "night_multiplier": 1,
                     *         "options_fee": 0,
                     *         "subtotal": 1485.4,
                     *         "surge_multiplier": 1,
                     *         "total": 1630,
                     *         "waiting_time_price": 0,
                     *         "weekend_multiplier": 1.1
                     *       },
                     *       "quote": 1630,
                     *       "surge_multiplier": 1
                     *     }
                     */
                    "application/json": components["schemas"]["OrderQuote"];
                };
            };
            /** @description Unauthorized. */
            401: components["responses"]["Status401"];
            /** @description Not Found. */
            404: components["responses"]["Status404"];
            /**
             * @description - `conflict`: somebody else changed it at the same moment: try again
             *     - `illegal_transition`: not in this state
             */
            409: {
                headers: {
                    /** @description After how many seconds to try again, if that may help. */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {string} */
                        code?: "conflict" | "illegal_transition";
                    };
                };
            };
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    calculate_final_price: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The order */
                order_id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                /**
                 * @example {
                 *       "actual_distance_km": 6.5
                 *     }
                 */
                "application/json": components["schemas"]["DrivenRide"] | null;
            };
        };
        responses: {
            /** @description What an order has cost, or would cost as it is driven. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "breakdown_id": "01990000-0000-7000-8000-000000000070-final-1",
                     *       "details": {
                     *         "base_distance_price": 1385.4,
                     *         "booking_fee": 100,
                     *         "companion_fee": 0,
                     *         "disability_multiplier": 1,
                     *         "minimum_fare_adjustment": 0,
                     *         "night_multiplier": 1,
                     *         "options_fee": 0,
                     *         "subtotal": 1485.4,
                     *         "surge_multiplier": 1,
                     *         "total": 1630,
                     *         "waiting_time_price": 0,
                     *         "weekend_multiplier": 1.1
                     *       },
                     *       "final_price": 1670,
                     *       "is_settled": false
                     *     }
                     */
                    "application/json": components["schemas"]["OrderFinal"];
                };
            };
            /** @description Bad Request. */
            400: components["responses"]["Status400"];
            /** @description Unauthorized. */
            401: components["responses"]["Status401"];
            /** @description Not Found. */
            404: components["responses"]["Status404"];
            /** @description Unprocessable Entity. */
            422: components["responses"]["Status422"];
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    calculate_cancel_fee: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The order */
                order_id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                /**
                 * @example {
                 *       "cancelled_by": "passenger"
                 *     }
                 */
                "application/json": components["schemas"]["WhoCancels"] | null;
            };
        };
        responses: {
            /** @description What calling off would cost. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "fee": 1000,
                     *       "policy": "under_way",
                     *       "reason": "the courier was on the way, or waited"
                     *     }
                     */
                    "application/json": components["schemas"]["CancelFeeView"];
                };
            };
            /** @description Bad Request. */
            400: components["responses"]["Status400"];
            /** @description Unauthorized. */
            401: components["responses"]["Status401"];
            /** @description Not Found. */
            404: components["responses"]["Status404"];
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    order_price_breakdown: {
        parameters: {
            query?: {
                /** @description `quote`, if absent, or `final`. */
                type?: components["schemas"]["PriceKind"];
            };
            header?: never;
            path: {
                /** @description The order */
                order_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description How a price came about. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "details": {
                     *         "base_distance_price": 1385.4,
                     *         "booking_fee": 100,
                     *         "companion_fee": 0,
                     *         "disability_multiplier": 1,
                     *         "minimum_fare_adjustment": 0,
                     *         "night_multiplier": 1,
                     *         "options_fee": 0,
                     *         "subtotal": 1485.4,
                     *         "surge_multiplier": 1,
                     *         "total": 1630,
                     *         "waiting_time_price": 0,
                     *         "weekend_multiplier": 1.1
                     *       },
                     *       "id": "01990000-0000-7000-8000-000000000070-quote-1",
                     *       "order_id": "01990000-0000-7000-8000-000000000070",
                     *       "tariff_version": 1,
                     *       "total": 1630,
                     *       "type": "quote"
                     *     }
                     */
                    "application/json": components["schemas"]["OrderPriceBreakdown"];
                };
            };
            /** @description Bad Request. */
            400: components["responses"]["Status400"];
            /** @description Unauthorized. */
            401: components["responses"]["Status401"];
            /** @description Not Found. */
            404: components["responses"]["Status404"];
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    geocode_address: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "address": "Казань, ул. Баумана, 1"
                 *     }
                 */
                "application/json": components["schemas"]["Geocode"];
            };
        };
        responses: {
            /** @description Where an address is. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "display_name": "Казань, Татарстан",
                     *       "lat": 55.78874,
                     *       "lon": 49.12214,
                     *       "status": "ok"
                     *     }
                     */
                    "application/json": components["schemas"]["Geocoded"];
                };
            };
            /** @description Bad Request. */
            400: components["responses"]["Status400"];
            /** @description Unauthorized. */
            401: components["responses"]["Status401"];
            /** @description Unprocessable Entity. */
            422: components["responses"]["Status422"];
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    clear_orders: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "confirm": true
                 *     }
                 */
                "application/json": components["schemas"]["ClearOrders"];
            };
        };
        responses: {
            /** @description Every order was deleted. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "deleted": 3,
                     *       "message": "3 orders are gone",
                     *       "success": true
                     *     }
                     */
                    "application/json": components["schemas"]["OrdersCleared"];
                };
            };
            /** @description Bad Request. */
            400: components["responses"]["Status400"];
            /** @description Unauthorized. */
            401: components["responses"]["Status401"];
            /** @description Forbidden. */
            403: components["responses"]["Status403"];
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    drivers: {
        parameters: {
            query?: {
                /** @description Those on duty, or those off duty. */
                is_online?: boolean;
                region_id?: string;
                /** @description Words in a name, phone, vehicle or plate. */
                search?: string;
                /** @description 1 is the first. */
                page?: number;
                /** @description 20 if absent, 200 at most. */
                page_size?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of couriers. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "count": 1,
                     *       "next": null,
                     *       "previous": null,
                     *       "results": [
                     *         {
                     *           "capacity": 4,
                     *           "car_model": "Lada Largus",
                     *           "current_lat": 55.77,
                     *           "current_lon": 37.65,
                     *           "current_position": {
                     *             "lat": 55.77,
                     *             "lon": 37.65
                     *           },
                     *           "id": 735190284,
                     *           "is_online": true,
                     *           "last_location_update": "2026-11-21T15:32:30.464Z",
                     *           "name": "Иван",
                     *           "plate_number": "А123ВС77",
                     *           "region": {
                     *             "id": "01990000-0000-7000-8000-000000000072",
                     *             "title": "Центр"
                     *           },
                     *           "status": "online_idle",
                     *           "user": {
                     *             "email": "",
                     *             "id": 735190284,
                     *             "phone": "+79001110001",
                     *             "username": "+79001110001"
                     *           }
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["DriverPage"];
                };
            };
            /** @description Bad Request. */
            400: components["responses"]["Status400"];
            /** @description Unauthorized. */
            401: components["responses"]["Status401"];
            /** @description Forbidden. */
            403: components["responses"]["Status403"];
            /** @description Unprocessable Entity. */
            422: components["responses"]["Status422"];
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    add_driver: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "capacity": 4,
                 *       "car_model": "Lada Largus",
                 *       "email": "",
                 *       "is_online": false,
                 *       "name": "Иван",
                 *       "phone": "+79001110001",
                 *       "plate_number": "А123ВС77",
                 *       "region_id": "01990000-0000-7000-8000-000000000072"
                 *     }
                 */
                "application/json": components["schemas"]["DriverInput"];
            };
        };
        responses: {
            /** @description Who drives. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "capacity": 4,
                     *       "car_model": "Lada Largus",
                     *       "current_lat": null,
                     *       "current_lon": null,
                     *       "current_position": null,
                     *       "id": 735190284,
                     *       "is_online": false,
                     *       "last_location_update": null,
                     *       "name": "Иван",
                     *       "plate_number": "А123ВС77",
                     *       "region": {
                     *         "id": "01990000-0000-7000-8000-000000000072",
                     *         "title": "Центр"
                     *       },
                     *       "status": "offline",
                     *       "user": {
                     *         "email": "",
                     *         "id": 735190284,
                     *         "phone": "+79001110001",
                     *         "username": "+79001110001"
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["DriverView"];
                };
            };
            /** @description Bad Request. */
            400: components["responses"]["Status400"];
            /** @description Unauthorized. */
            401: components["responses"]["Status401"];
            /** @description Forbidden. */
            403: components["responses"]["Status403"];
            /**
             * @description - `conflict`: somebody else changed it at the same moment: try again
             *     - `illegal_transition`: not in this state
             */
            409: {
                headers: {
                    /** @description After how many seconds to try again, if that may help. */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {string} */
                        code?: "conflict" | "illegal_transition";
                    };
                };
            };
            /** @description Unprocessable Entity. */
            422: components["responses"]["Status422"];
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    driver: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The courier's number */
                driver_id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Who drives. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "capacity": 4,
                     *       "car_model": "Lada Largus",
                     *       "current_lat": 55.77,
                     *       "current_lon": 37.65,
                     *       "current_position": {
                     *         "lat": 55.77,
                     *         "lon": 37.65
                     *       },
                     *       "id": 735190284,
                     *       "is_online": true,
                     *       "last_location_update": "2026-11-21T15:32:30.464Z",
                     *       "name": "Иван",
                     *       "plate_number": "А123ВС77",
                     *       "region": {
                     *         "id": "01990000-0000-7000-8000-000000000072",
                     *         "title": "Центр"
                     *       },
                     *       "status": "online_idle",
                     *       "user": {
                     *         "email": "",
                     *         "id": 735190284,
                     *         "phone": "+79001110001",
                     *         "username": "+79001110001"
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["DriverView"];
                };
            };
            /** @description Unauthorized. */
            401: components["responses"]["Status401"];
            /** @description Not Found. */
            404: components["responses"]["Status404"];
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    remove_driver: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The courier's number */
                driver_id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Unauthorized. */
            401: components["responses"]["Status401"];
            /** @description Forbidden. */
            403: components["responses"]["Status403"];
            /** @description Not Found. */
            404: components["responses"]["Status404"];
            /**
             * @description - `conflict`: somebody else changed it at the same moment: try again
             *     - `illegal_transition`: not in this state
             */
            409: {
                headers: {
                    /** @description After how many seconds to try again, if that may help. */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {string} */
                        code?: "conflict" | "illegal_transition";
                    };
                };
            };
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    change_driver: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The courier's number */
                driver_id: number;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "plate_number": "А124ВС77"
                 *     }
                 */
                "application/json": components["schemas"]["DriverInput"];
            };
        };
        responses: {
            /** @description Who drives. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "capacity": 4,
                     *       "car_model": "Lada Largus",
                     *       "current_lat": 55.77,
                     *       "current_lon": 37.65,
                     *       "current_position": {
                     *         "lat": 55.77,
                     *         "lon": 37.65
                     *       },
                     *       "id": 735190284,
                     *       "is_online": true,
                     *       "last_location_update": "2026-11-21T15:32:30.464Z",
                     *       "name": "Иван",
                     *       "plate_number": "А124ВС77",
                     *       "region": {
                     *         "id": "01990000-0000-7000-8000-000000000072",
                     *         "title": "Центр"
                     *       },
                     *       "status": "online_idle",
                     *       "user": {
                     *         "email": "",
                     *         "id": 735190284,
                     *         "phone": "+79001110001",
                     *         "username": "+79001110001"
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["DriverView"];
                };
            };
            /** @description Bad Request. */
            400: components["responses"]["Status400"];
            /** @description Unauthorized. */
            401: components["responses"]["Status401"];
            /** @description Forbidden. */
            403: components["responses"]["Status403"];
            /** @description Not Found. */
            404: components["responses"]["Status404"];
            /**
             * @description - `conflict`: somebody else changed it at the same moment: try again
             *     - `illegal_transition`: not in this state
             */
            409: {
                headers: {
                    /** @description After how many seconds to try again, if that may help. */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {string} */
                        code?: "conflict" | "illegal_transition";
                    };
                };
            };
            /** @description Unprocessable Entity. */
            422: components["responses"]["Status422"];
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    locate_driver: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The courier's number */
                driver_id: number;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "lat": 55.77,
                 *       "lon": 37.65
                 *     }
                 */
                "application/json": components["schemas"]["Whereabouts"];
            };
        };
        responses: {
            /** @description Who drives. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "capacity": 4,
                     *       "car_model": "Lada Largus",
                     *       "current_lat": 55.77,
                     *       "current_lon": 37.65,
                     *       "current_position": {
                     *         "lat": 55.77,
                     *         "lon": 37.65
                     *       },
                     *       "id": 735190284,
                     *       "is_online": true,
                     *       "last_location_update": "2026-11-21T15:32:30.464Z",
                     *       "name": "Иван",
                     *       "plate_number": "А123ВС77",
                     *       "region": {
                     *         "id": "01990000-0000-7000-8000-000000000072",
                     *         "title": "Центр"
                     *       },
                     *       "status": "online_idle",
                     *       "user": {
                     *         "email": "",
                     *         "id": 735190284,
                     *         "phone": "+79001110001",
                     *         "username": "+79001110001"
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["DriverView"];
                };
            };
            /** @description Bad Request. */
            400: components["responses"]["Status400"];
            /** @description Unauthorized. */
            401: components["responses"]["Status401"];
            /** @description Not Found. */
            404: components["responses"]["Status404"];
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    set_driver_online: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The courier's number */
                driver_id: number;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "is_online": true
                 *     }
                 */
                "application/json": components["schemas"]["OnlineStatus"];
            };
        };
        responses: {
            /** @description Who drives. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "capacity": 4,
                     *       "car_model": "Lada Largus",
                     *       "current_lat": 55.77,
                     *       "current_lon": 37.65,
                     *       "current_position": {
                     *         "lat": 55.77,
                     *         "lon": 37.65
                     *       },
                     *       "id": 735190284,
                     *       "is_online": true,
                     *       "last_location_update": "2026-11-21T15:32:30.464Z",
                     *       "name": "Иван",
                     *       "plate_number": "А123ВС77",
                     *       "region": {
                     *         "id": "01990000-0000-7000-8000-000000000072",
                     *         "title": "Центр"
                     *       },
                     *       "status": "online_idle",
                     *       "user": {
                     *         "email": "",
                     *         "id": 735190284,
                     *         "phone": "+79001110001",
                     *         "username": "+79001110001"
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["DriverView"];
                };
            };
            /** @description Bad Request. */
            400: components["responses"]["Status400"];
            /** @description Unauthorized. */
            401: components["responses"]["Status401"];
            /** @description Not Found. */
            404: components["responses"]["Status404"];
            /**
             * @description - `conflict`: somebody else changed it at the same moment: try again
             *     - `illegal_transition`: not in this state
             */
            409: {
                headers: {
                    /** @description After how many seconds to try again, if that may help. */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {string} */
                        code?: "conflict" | "illegal_transition";
                    };
                };
            };
            /** @description Unprocessable Entity. */
            422: components["responses"]["Status422"];
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    passengers: {
        parameters: {
            query?: {
                region_id?: string;
                /** @description Digits of a phone. */
                phone?: string;
                /** @description 1 is the first. */
                page?: number;
                /** @description 20 if absent, 200 at most. */
                page_size?: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of passengers. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "count": 1,
                     *       "next": null,
                     *       "previous": null,
                     *       "results": [
                     *         {
                     *           "allowed_companion": true,
                     *           "disability_category": "I группа",
                     *           "full_name": "Мария Иванова",
                     *           "id": 412087366,
                     *           "region": {
                     *             "id": "01990000-0000-7000-8000-000000000072",
                     *             "title": "Центр"
                     *           },
                     *           "user": {
                     *             "email": "",
                     *             "id": 412087366,
                     *             "phone": "+79002220001",
                     *             "username": "+79002220001"
                     *           }
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["PassengerPage"];
                };
            };
            /** @description Bad Request. */
            400: components["responses"]["Status400"];
            /** @description Unauthorized. */
            401: components["responses"]["Status401"];
            /** @description Forbidden. */
            403: components["responses"]["Status403"];
            /** @description Unprocessable Entity. */
            422: components["responses"]["Status422"];
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    add_passenger: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "allowed_companion": true,
                 *       "disability_category": "I группа",
                 *       "email": "",
                 *       "full_name": "Мария Иванова",
                 *       "phone": "+79002220001",
                 *       "region_id": "01990000-0000-7000-8000-000000000072"
                 *     }
                 */
                "application/json": components["schemas"]["PassengerInput"];
            };
        };
        responses: {
            /** @description Who is driven. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "allowed_companion": true,
                     *       "disability_category": "I группа",
                     *       "full_name": "Мария Иванова",
                     *       "id": 412087366,
                     *       "region": {
                     *         "id": "01990000-0000-7000-8000-000000000072",
                     *         "title": "Центр"
                     *       },
                     *       "user": {
                     *         "email": "",
                     *         "id": 412087366,
                     *         "phone": "+79002220001",
                     *         "username": "+79002220001"
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["PassengerView"];
                };
            };
            /** @description Bad Request. */
            400: components["responses"]["Status400"];
            /** @description Unauthorized. */
            401: components["responses"]["Status401"];
            /** @description Forbidden. */
            403: components["responses"]["Status403"];
            /** @description Conflict. */
            409: components["responses"]["Status409"];
            /** @description Unprocessable Entity. */
            422: components["responses"]["Status422"];
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    passenger: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The passenger's number */
                passenger_id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Who is driven. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "allowed_companion": true,
                     *       "disability_category": "I группа",
                     *       "full_name": "Мария Иванова",
                     *       "id": 412087366,
                     *       "region": {
                     *         "id": "01990000-0000-7000-8000-000000000072",
                     *         "title": "Центр"
                     *       },
                     *       "user": {
                     *         "email": "",
                     *         "id": 412087366,
                     *         "phone": "+79002220001",
                     *         "username": "+79002220001"
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["PassengerView"];
                };
            };
            /** @description Unauthorized. */
            401: components["responses"]["Status401"];
            /** @description Not Found. */
            404: components["responses"]["Status404"];
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    change_passenger: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The passenger's number */
                passenger_id: number;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "allowed_companion": false
                 *     }
                 */
                "application/json": components["schemas"]["PassengerInput"];
            };
        };
        responses: {
            /** @description Who is driven. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "allowed_companion": false,
                     *       "disability_category": "I группа",
                     *       "full_name": "Мария Иванова",
                     *       "id": 412087366,
                     *       "region": {
                     *         "id": "01990000-0000-7000-8000-000000000072",
                     *         "title": "Центр"
                     *       },
                     *       "user": {
                     *         "email": "",
                     *         "id": 412087366,
                     *         "phone": "+79002220001",
                     *         "username": "+79002220001"
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["PassengerView"];
                };
            };
            /** @description Bad Request. */
            400: components["responses"]["Status400"];
            /** @description Unauthorized. */
            401: components["responses"]["Status401"];
            /** @description Forbidden. */
            403: components["responses"]["Status403"];
            /** @description Not Found. */
            404: components["responses"]["Status404"];
            /** @description Unprocessable Entity. */
            422: components["responses"]["Status422"];
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    regions: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example [
                     *       {
                     *         "center": {
                     *           "lat": 55.75,
                     *           "lon": 37.61
                     *         },
                     *         "center_lat": 55.75,
                     *         "center_lon": 37.61,
                     *         "city": {
                     *           "center": {
                     *             "lat": 55.75,
                     *             "lon": 37.61
                     *           },
                     *           "center_lat": 55.75,
                     *           "center_lon": 37.61,
                     *           "id": "01990000-0000-7000-8000-000000000073",
                     *           "title": "Москва"
                     *         },
                     *         "id": "01990000-0000-7000-8000-000000000072",
                     *         "opening_hours": [
                     *           {
                     *             "day": 1,
                     *             "from": "07:00",
                     *             "to": "23:00"
                     *           }
                     *         ],
                     *         "polygon_coordinates": [
                     *           [
                     *             55.6,
                     *             37.4
                     *           ],
                     *           [
                     *             55.6,
                     *             37.8
                     *           ],
                     *           [
                     *             55.9,
                     *             37.8
                     *           ],
                     *           [
                     *             55.9,
                     *             37.4
                     *           ]
                     *         ],
                     *         "priority": 0,
                     *         "service_radius_meters": 20000,
                     *         "title": "Центр"
                     *       }
                     *     ]
                     */
                    "application/json": components["schemas"]["RegionView"][];
                };
            };
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    add_region: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "center_lat": 55.75,
                 *       "center_lon": 37.61,
                 *       "city_id": "01990000-0000-7000-8000-000000000073",
                 *       "polygon_coordinates": [
                 *         [
                 *           55.6,
                 *           37.4
                 *         ],
                 *         [
                 *           55.6,
                 *           37.8
                 *         ],
                 *         [
                 *           55.9,
                 *           37.8
                 *         ],
                 *         [
                 *           55.9,
                 *           37.4
                 *         ]
                 *       ],
                 *       "service_radius_meters": 20000,
                 *       "title": "Центр"
                 *     }
                 */
                "application/json": components["schemas"]["RegionInput"];
            };
        };
        responses: {
            /** @description A region. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "center": {
                     *         "lat": 55.75,
                     *         "lon": 37.61
                     *       },
                     *       "center_lat": 55.75,
                     *       "center_lon": 37.61,
                     *       "city": {
                     *         "center": {
                     *           "lat": 55.75,
                     *           "lon": 37.61
                     *         },
                     *         "center_lat": 55.75,
                     *         "center_lon": 37.61,
                     *         "id": "01990000-0000-7000-8000-000000000073",
                     *         "title": "Москва"
                     *       },
                     *       "id": "01990000-0000-7000-8000-000000000072",
                     *       "opening_hours": [
                     *         {
                     *           "day": 1,
                     *           "from": "07:00",
                     *           "to": "23:00"
                     *         }
                     *       ],
                     *       "polygon_coordinates": [
                     *         [
                     *           55.6,
                     *           37.4
                     *         ],
                     *         [
                     *           55.6,
                     *           37.8
                     *         ],
                     *         [
                     *           55.9,
                     *           37.8
                     *         ],
                     *         [
                     *           55.9,
                     *           37.4
                     *         ]
                     *       ],
                     *       "priority": 0,
                     *       "service_radius_meters": 20000,
                     *       "title": "Центр"
                     *     }
                     */
                    "application/json": components["schemas"]["RegionView"];
                };
            };
            /** @description Bad Request. */
            400: components["responses"]["Status400"];
            /** @description Unauthorized. */
            401: components["responses"]["Status401"];
            /** @description Forbidden. */
            403: components["responses"]["Status403"];
            /** @description Unprocessable Entity. */
            422: components["responses"]["Status422"];
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    region: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The region */
                region_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A region. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "center": {
                     *         "lat": 55.75,
                     *         "lon": 37.61
                     *       },
                     *       "center_lat": 55.75,
                     *       "center_lon": 37.61,
                     *       "city": {
                     *         "center": {
                     *           "lat": 55.75,
                     *           "lon": 37.61
                     *         },
                     *         "center_lat": 55.75,
                     *         "center_lon": 37.61,
                     *         "id": "01990000-0000-7000-8000-000000000073",
                     *         "title": "Москва"
                     *       },
                     *       "id": "01990000-0000-7000-8000-000000000072",
                     *       "opening_hours": [
                     *         {
                     *           "day": 1,
                     *           "from": "07:00",
                     *           "to": "23:00"
                     *         }
                     *       ],
                     *       "polygon_coordinates": [
                     *         [
                     *           55.6,
                     *           37.4
                     *         ],
                     *         [
                     *           55.6,
                     *           37.8
                     *         ],
                     *         [
                     *           55.9,
                     *           37.8
                     *         ],
                     *         [
                     *           55.9,
                     *           37.4
                     *         ]
                     *       ],
                     *       "priority": 0,
                     *       "service_radius_meters": 20000,
                     *       "title": "Центр"
                     *     }
                     */
                    "application/json": components["schemas"]["RegionView"];
                };
            };
            /** @description Not Found. */
            404: components["responses"]["Status404"];
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    remove_region: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The region */
                region_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Unauthorized. */
            401: components["responses"]["Status401"];
            /** @description Forbidden. */
            403: components["responses"]["Status403"];
            /** @description Not Found. */
            404: components["responses"]["Status404"];
            /** @description Conflict. */
            409: components["responses"]["Status409"];
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    change_region: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The region */
                region_id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "priority": 0
                 *     }
                 */
                "application/json": components["schemas"]["RegionInput"];
            };
        };
        responses: {
            /** @description A region. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "center": {
                     *         "lat": 55.75,
                     *         "lon": 37.61
                     *       },
                     *       "center_lat": 55.75,
                     *       "center_lon": 37.61,
                     *       "city": {
                     *         "center": {
                     *           "lat": 55.75,
                     *           "lon": 37.61
                     *         },
                     *         "center_lat": 55.75,
                     *         "center_lon": 37.61,
                     *         "id": "01990000-0000-7000-8000-000000000073",
                     *         "title": "Москва"
                     *       },
                     *       "id": "01990000-0000-7000-8000-000000000072",
                     *       "opening_hours": [
                     *         {
                     *           "day": 1,
                     *           "from": "07:00",
                     *           "to": "23:00"
                     *         }
                     *       ],
                     *       "polygon_coordinates": [
                     *         [
                     *           55.6,
                     *           37.4
                     *         ],
                     *         [
                     *           55.6,
                     *           37.8
                     *         ],
                     *         [
                     *           55.9,
                     *           37.8
                     *         ],
                     *         [
                     *           55.9,
                     *           37.4
                     *         ]
                     *       ],
                     *       "priority": 0,
                     *       "service_radius_meters": 20000,
                     *       "title": "Центр"
                     *     }
                     */
                    "application/json": components["schemas"]["RegionView"];
                };
            };
            /** @description Bad Request. */
            400: components["responses"]["Status400"];
            /** @description Unauthorized. */
            401: components["responses"]["Status401"];
            /** @description Forbidden. */
            403: components["responses"]["Status403"];
            /** @description Not Found. */
            404: components["responses"]["Status404"];
            /** @description Unprocessable Entity. */
            422: components["responses"]["Status422"];
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    region_stats: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The region */
                region_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description How much there is in a region. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "active_orders": 3,
                     *       "drivers": 12,
                     *       "passengers": 80,
                     *       "region_id": "01990000-0000-7000-8000-000000000072",
                     *       "region_title": "Центр",
                     *       "total_orders": 417
                     *     }
                     */
                    "application/json": components["schemas"]["RegionStats"];
                };
            };
            /** @description Unauthorized. */
            401: components["responses"]["Status401"];
            /** @description Forbidden. */
            403: components["responses"]["Status403"];
            /** @description Not Found. */
            404: components["responses"]["Status404"];
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    region_tariff: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The region */
                region_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A version of a region's tariff. Kopecks and percent. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "base_minor": 30000,
                     *       "booking_minor": 10000,
                     *       "cancel_minor": 50000,
                     *       "companion_minor": 10000,
                     *       "km_minor": 12000,
                     *       "late_cancel_minor": 100000,
                     *       "least_minor": 50000,
                     *       "minute_minor": 2500,
                     *       "night_percent": 120,
                     *       "region_id": "01990000-0000-7000-8000-000000000072",
                     *       "valid_from": "2026-11-21T15:32:30.464Z",
                     *       "version": 2,
                     *       "waiting_minor": 3000,
                     *       "weekend_percent": 110
                     *     }
                     */
                    "application/json": components["schemas"]["TariffView"];
                };
            };
            /** @description Not Found. */
            404: components["responses"]["Status404"];
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    add_tariff: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The region */
                region_id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "km_minor": 12000
                 *     }
                 */
                "application/json": components["schemas"]["TariffInput"];
            };
        };
        responses: {
            /** @description A version of a region's tariff. Kopecks and percent. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "base_minor": 30000,
                     *       "booking_minor": 10000,
                     *       "cancel_minor": 50000,
                     *       "companion_minor": 10000,
                     *       "km_minor": 12000,
                     *       "late_cancel_minor": 100000,
                     *       "least_minor": 50000,
                     *       "minute_minor": 2500,
                     *       "night_percent": 120,
                     *       "region_id": "01990000-0000-7000-8000-000000000072",
                     *       "valid_from": "2026-11-21T15:32:30.464Z",
                     *       "version": 2,
                     *       "waiting_minor": 3000,
                     *       "weekend_percent": 110
                     *     }
                     */
                    "application/json": components["schemas"]["TariffView"];
                };
            };
            /** @description Bad Request. */
            400: components["responses"]["Status400"];
            /** @description Unauthorized. */
            401: components["responses"]["Status401"];
            /** @description Forbidden. */
            403: components["responses"]["Status403"];
            /** @description Not Found. */
            404: components["responses"]["Status404"];
            /** @description Conflict. */
            409: components["responses"]["Status409"];
            /** @description Unprocessable Entity. */
            422: components["responses"]["Status422"];
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    town_cities: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example [
                     *       {
                     *         "center": {
                     *           "lat": 55.75,
                     *           "lon": 37.61
                     *         },
                     *         "center_lat": 55.75,
                     *         "center_lon": 37.61,
                     *         "id": "01990000-0000-7000-8000-000000000073",
                     *         "title": "Москва"
                     *       }
                     *     ]
                     */
                    "application/json": components["schemas"]["CityView"][];
                };
            };
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    add_city: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "center_lat": 55.75,
                 *       "center_lon": 37.61,
                 *       "title": "Москва"
                 *     }
                 */
                "application/json": components["schemas"]["CityInput"];
            };
        };
        responses: {
            /** @description A city. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "center": {
                     *         "lat": 55.75,
                     *         "lon": 37.61
                     *       },
                     *       "center_lat": 55.75,
                     *       "center_lon": 37.61,
                     *       "id": "01990000-0000-7000-8000-000000000073",
                     *       "title": "Москва"
                     *     }
                     */
                    "application/json": components["schemas"]["CityView"];
                };
            };
            /** @description Bad Request. */
            400: components["responses"]["Status400"];
            /** @description Unauthorized. */
            401: components["responses"]["Status401"];
            /** @description Forbidden. */
            403: components["responses"]["Status403"];
            /** @description Unprocessable Entity. */
            422: components["responses"]["Status422"];
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    town_city: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The city */
                city_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A city. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "center": {
                     *         "lat": 55.75,
                     *         "lon": 37.61
                     *       },
                     *       "center_lat": 55.75,
                     *       "center_lon": 37.61,
                     *       "id": "01990000-0000-7000-8000-000000000073",
                     *       "title": "Москва"
                     *     }
                     */
                    "application/json": components["schemas"]["CityView"];
                };
            };
            /** @description Not Found. */
            404: components["responses"]["Status404"];
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    remove_city: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The city */
                city_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            /** @description Unauthorized. */
            401: components["responses"]["Status401"];
            /** @description Forbidden. */
            403: components["responses"]["Status403"];
            /** @description Not Found. */
            404: components["responses"]["Status404"];
            /** @description Conflict. */
            409: components["responses"]["Status409"];
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    change_city: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The city */
                city_id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "title": "Москва"
                 *     }
                 */
                "application/json": components["schemas"]["CityInput"];
            };
        };
        responses: {
            /** @description A city. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "center": {
                     *         "lat": 55.75,
                     *         "lon": 37.61
                     *       },
                     *       "center_lat": 55.75,
                     *       "center_lon": 37.61,
                     *       "id": "01990000-0000-7000-8000-000000000073",
                     *       "title": "Москва"
                     *     }
                     */
                    "application/json": components["schemas"]["CityView"];
                };
            };
            /** @description Bad Request. */
            400: components["responses"]["Status400"];
            /** @description Unauthorized. */
            401: components["responses"]["Status401"];
            /** @description Forbidden. */
            403: components["responses"]["Status403"];
            /** @description Not Found. */
            404: components["responses"]["Status404"];
            /** @description Unprocessable Entity. */
            422: components["responses"]["Status422"];
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    city_stats: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The city */
                city_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description How much there is in a city. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "active_orders": 3,
                     *       "city_id": "01990000-0000-7000-8000-000000000073",
                     *       "city_title": "Москва",
                     *       "drivers": 12,
                     *       "passengers": 80,
                     *       "regions": [
                     *         {
                     *           "center": {
                     *             "lat": 55.75,
                     *             "lon": 37.61
                     *           },
                     *           "center_lat": 55.75,
                     *           "center_lon": 37.61,
                     *           "city": {
                     *             "center": {
                     *               "lat": 55.75,
                     *               "lon": 37.61
                     *             },
                     *             "center_lat": 55.75,
                     *             "center_lon": 37.61,
                     *             "id": "01990000-0000-7000-8000-000000000073",
                     *             "title": "Москва"
                     *           },
                     *           "id": "01990000-0000-7000-8000-000000000072",
                     *           "opening_hours": [
                     *             {
                     *               "day": 1,
                     *               "from": "07:00",
                     *               "to": "23:00"
                     *             }
                     *           ],
                     *           "polygon_coordinates": [
                     *             [
                     *               55.6,
                     *               37.4
                     *             ],
                     *             [
                     *               55.6,
                     *               37.8
                     *             ],
                     *             [
                     *               55.9,
                     *               37.8
                     *             ],
                     *             [
                     *               55.9,
                     *               37.4
                     *             ]
                     *           ],
                     *           "priority": 0,
                     *           "service_radius_meters": 20000,
                     *           "title": "Центр"
                     *         }
                     *       ],
                     *       "regions_count": 1,
                     *       "total_orders": 417
                     *     }
                     */
                    "application/json": components["schemas"]["CityStats"];
                };
            };
            /** @description Unauthorized. */
            401: components["responses"]["Status401"];
            /** @description Forbidden. */
            403: components["responses"]["Status403"];
            /** @description Not Found. */
            404: components["responses"]["Status404"];
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    sign_in_desk: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "email": "dasha@example.org",
                 *       "password": "correct horse battery"
                 *     }
                 */
                "application/json": components["schemas"]["EmailLogin"];
            };
        };
        responses: {
            /** @description Tokens of somebody of the desk. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "access": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIuLi4ifQ.c2ln",
                     *       "refresh": "rt_5f0c",
                     *       "role": "dispatcher",
                     *       "user": {
                     *         "email": "dasha@example.org",
                     *         "id": 268435456,
                     *         "role": "dispatcher",
                     *         "username": "dasha@example.org"
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["DeskSignedIn"];
                };
            };
            /** @description Bad Request. */
            400: components["responses"]["Status400"];
            /**
             * @description - `unauthorized`: nobody is signed in
             *     - `invalid_token`: the token is not ours, or its session has ended: sign in again
             *     - `token_expired`: the access token is too old: refresh it
             *     - `invalid_login`: the name or the password is wrong
             *     - `invalid_code`: the code is wrong or no longer good
             */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {string} */
                        code?: "unauthorized" | "invalid_token" | "token_expired" | "invalid_login" | "invalid_code";
                    };
                };
            };
            /**
             * @description - `forbidden`: the caller's role, or the way things are set up, does not allow it
             *     - `origin_not_allowed`: the page is of an origin that is not in PEERPACK_ALLOWED_ORIGINS
             *     - `invalid_code`: the code is wrong or no longer good
             *     - `blocked`: the account is blocked
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {string} */
                        code?: "forbidden" | "origin_not_allowed" | "invalid_code" | "blocked";
                    };
                };
            };
            /** @description Too Many Requests. */
            429: components["responses"]["Status429"];
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    refresh_console_token: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "refresh": "rt_5f0c"
                 *     }
                 */
                "application/json": components["schemas"]["ConsoleRefresh"];
            };
        };
        responses: {
            /** @description Another access token. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "access": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIuLi4ifQ.c2ln"
                     *     }
                     */
                    "application/json": components["schemas"]["ConsoleAccess"];
                };
            };
            /** @description Bad Request. */
            400: components["responses"]["Status400"];
            /** @description Unauthorized. */
            401: components["responses"]["Status401"];
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    order_candidates: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The order */
                order_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Who can take an order, and who cannot. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "candidates": [
                     *         {
                     *           "capacity": 4,
                     *           "car_model": "Lada Largus",
                     *           "driver_id": 735190284,
                     *           "is_online": true,
                     *           "name": "Иван",
                     *           "priority": {
                     *             "distance": 0.84,
                     *             "order_count": 2,
                     *             "region_match": true
                     *           },
                     *           "region_id": "01990000-0000-7000-8000-000000000072"
                     *         }
                     *       ],
                     *       "count": 1,
                     *       "order_id": "01990000-0000-7000-8000-000000000070",
                     *       "rejected": [
                     *         {
                     *           "distance_km": 1.2,
                     *           "driver_id": 501223344,
                     *           "message": "the courier is busy with another order",
                     *           "name": "Ольга",
                     *           "reason": "busy"
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["OrderCandidates"];
                };
            };
            /** @description Unauthorized. */
            401: components["responses"]["Status401"];
            /** @description Forbidden. */
            403: components["responses"]["Status403"];
            /** @description Not Found. */
            404: components["responses"]["Status404"];
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    scored_order_candidates: {
        parameters: {
            query?: {
                /** @description At most so many; all if absent. */
                limit?: number;
            };
            header?: never;
            path: {
                /** @description The order */
                order_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Who can take an order, the best first. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "candidates": [
                     *         {
                     *           "capacity": 4,
                     *           "car_model": "Lada Largus",
                     *           "cost_score": 0.158,
                     *           "details": {
                     *             "cancel": 0,
                     *             "deadhead": 0.006,
                     *             "eta": 0.052,
                     *             "fairness": 0,
                     *             "quality": 0,
                     *             "reject": 0.1,
                     *             "zone": 0
                     *           },
                     *           "distance_km": 0.84,
                     *           "driver_id": 735190284,
                     *           "eta_seconds": 101,
                     *           "is_online": true,
                     *           "name": "Иван",
                     *           "region_id": "01990000-0000-7000-8000-000000000072"
                     *         }
                     *       ],
                     *       "count": 1,
                     *       "order_id": "01990000-0000-7000-8000-000000000070"
                     *     }
                     */
                    "application/json": components["schemas"]["ScoredCandidates"];
                };
            };
            /** @description Bad Request. */
            400: components["responses"]["Status400"];
            /** @description Unauthorized. */
            401: components["responses"]["Status401"];
            /** @description Forbidden. */
            403: components["responses"]["Status403"];
            /** @description Not Found. */
            404: components["responses"]["Status404"];
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    assign_order: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The order */
                order_id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                /**
                 * @example {
                 *       "driver_id": 735190284
                 *     }
                 */
                "application/json": components["schemas"]["AssignOrder"] | null;
            };
        };
        responses: {
            /** @description An order was given to somebody. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "driver_id": 735190284,
                     *       "order": {
                     *         "driver": {
                     *           "car_model": "Lada Largus",
                     *           "id": 735190284,
                     *           "name": "Иван",
                     *           "plate_number": "А123ВС77",
                     *           "user": {
                     *             "email": "",
                     *             "id": 735190284,
                     *             "phone": "+79001110001",
                     *             "username": "+79001110001"
                     *           }
                     *         },
                     *         "id": "01990000-0000-7000-8000-000000000070",
                     *         "status": "assigned"
                     *       },
                     *       "reason": "the desk has decided so",
                     *       "success": true
                     *     }
                     */
                    "application/json": components["schemas"]["Assignment"];
                };
            };
            /** @description Bad Request. */
            400: components["responses"]["Status400"];
            /** @description Unauthorized. */
            401: components["responses"]["Status401"];
            /** @description Forbidden. */
            403: components["responses"]["Status403"];
            /** @description Not Found. */
            404: components["responses"]["Status404"];
            /** @description Unprocessable Entity. */
            422: components["responses"]["Status422"];
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    offer_order: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The order */
                order_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A courier is asked. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "cost_score": 0.158,
                     *       "details": {
                     *         "cancel": 0,
                     *         "deadhead": 0.006,
                     *         "eta": 0.052,
                     *         "fairness": 0,
                     *         "quality": 0,
                     *         "reject": 0.1,
                     *         "zone": 0
                     *       },
                     *       "driver_id": 735190284,
                     *       "driver_name": "Иван",
                     *       "eta_seconds": 101,
                     *       "expires_at": "2026-11-21T15:32:45.464Z",
                     *       "offer_id": "01990000-0000-7000-8000-000000000071",
                     *       "success": true
                     *     }
                     */
                    "application/json": components["schemas"]["SmartAssignment"];
                };
            };
            /** @description Bad Request. */
            400: components["responses"]["Status400"];
            /** @description Unauthorized. */
            401: components["responses"]["Status401"];
            /** @description Forbidden. */
            403: components["responses"]["Status403"];
            /** @description Not Found. */
            404: components["responses"]["Status404"];
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    assign_all_orders: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description What became of every order that waited. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "assigned": 2,
                     *       "failed": 1,
                     *       "failed_orders": [
                     *         {
                     *           "order_id": "01990000-0000-7000-8000-000000000070",
                     *           "reason": "the courier is busy with another order"
                     *         }
                     *       ],
                     *       "message": "2 orders are given to couriers, 1 wait",
                     *       "success": true,
                     *       "total": 3
                     *     }
                     */
                    "application/json": components["schemas"]["AutoAssignment"];
                };
            };
            /** @description Unauthorized. */
            401: components["responses"]["Status401"];
            /** @description Forbidden. */
            403: components["responses"]["Status403"];
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    order_offers: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The order */
                order_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example [
                     *       {
                     *         "cost_score": 0.158,
                     *         "created_at": "2026-11-21T15:32:30.464Z",
                     *         "distance_km": 0.84,
                     *         "driver_id": 735190284,
                     *         "driver_name": "Иван",
                     *         "eta_seconds": 101,
                     *         "expires_at": "2026-11-21T15:32:45.464Z",
                     *         "id": "01990000-0000-7000-8000-000000000071",
                     *         "order_id": "01990000-0000-7000-8000-000000000070",
                     *         "reason": "",
                     *         "responded_at": "2026-11-21T15:32:36.101Z",
                     *         "status": "accepted"
                     *       }
                     *     ]
                     */
                    "application/json": components["schemas"]["OfferView"][];
                };
            };
            /** @description Unauthorized. */
            401: components["responses"]["Status401"];
            /** @description Forbidden. */
            403: components["responses"]["Status403"];
            /** @description Not Found. */
            404: components["responses"]["Status404"];
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    accept_order_offer: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The offer */
                offer_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description What became of an offer, and of the order. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "message": "the order is yours",
                     *       "order": {
                     *         "assigned_at": "2026-11-21T15:32:30.464Z",
                     *         "assignment_reason": "the desk has decided so",
                     *         "completed_at": null,
                     *         "created_at": "2026-11-21T15:32:30.464Z",
                     *         "desired_pickup_time": "2026-11-21T15:32:30.464Z",
                     *         "distance_km": 6.202,
                     *         "driver": {
                     *           "car_model": "Lada Largus",
                     *           "id": 735190284,
                     *           "name": "Иван",
                     *           "plate_number": "А123ВС77",
                     *           "user": {
                     *             "email": "",
                     *             "id": 735190284,
                     *             "phone": "+79001110001",
                     *             "username": "+79001110001"
                     *           }
                     *         },
                     *         "dropoff_coordinate": {
                     *           "lat": 55.752,
                     *           "lon": 37.592
                     *         },
                     *         "dropoff_lat": 55.752,
                     *         "dropoff_lon": 37.592,
                     *         "dropoff_object_name": "",
                     *         "dropoff_title": "Арбат, 1",
                     *         "estimated_price": 1630,
                     *         "final_price": null,
                     *         "has_companion": false,
                     *         "id": "01990000-0000-7000-8000-000000000070",
                     *         "note": "у входа",
                     *         "passenger": {
                     *           "allowed_companion": true,
                     *           "disability_category": "I группа",
                     *           "full_name": "Мария Иванова",
                     *           "id": 412087366,
                     *           "region": {
                     *             "id": "01990000-0000-7000-8000-000000000072",
                     *             "title": "Центр"
                     *           },
                     *           "user": {
                     *             "email": "",
                     *             "id": 412087366,
                     *             "phone": "+79002220001",
                     *             "username": "+79002220001"
                     *           }
                     *         },
                     *         "pickup_coordinate": {
                     *           "lat": 55.776,
                     *           "lon": 37.655
                     *         },
                     *         "pickup_lat": 55.776,
                     *         "pickup_lon": 37.655,
                     *         "pickup_object_name": "Вокзал",
                     *         "pickup_title": "Комсомольская площадь, 2",
                     *         "price_breakdown": {
                     *           "base_distance_price": 1385.4,
                     *           "booking_fee": 100,
                     *           "companion_fee": 0,
                     *           "disability_multiplier": 1,
                     *           "minimum_fare_adjustment": 0,
                     *           "night_multiplier": 1,
                     *           "options_fee": 0,
                     *           "subtotal": 1485.4,
                     *           "surge_multiplier": 1,
                     *           "total": 1630,
                     *           "waiting_time_price": 0,
                     *           "weekend_multiplier": 1.1
                     *         },
                     *         "rejection_reason": "",
                     *         "seats_needed": 1,
                     *         "status": "assigned",
                     *         "waiting_time_minutes": 0
                     *       },
                     *       "success": true
                     *     }
                     */
                    "application/json": components["schemas"]["OfferAnswered"];
                };
            };
            /** @description Unauthorized. */
            401: components["responses"]["Status401"];
            /** @description Not Found. */
            404: components["responses"]["Status404"];
            /**
             * @description - `conflict`: somebody else changed it at the same moment: try again
             *     - `illegal_transition`: not in this state
             *     - `expired`: too late: the time to answer, or the package's own, is over
             *     - `already_taken`: another courier has the package
             */
            409: {
                headers: {
                    /** @description After how many seconds to try again, if that may help. */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {string} */
                        code?: "conflict" | "illegal_transition" | "expired" | "already_taken";
                    };
                };
            };
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    decline_order_offer: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The offer */
                offer_id: string;
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                /**
                 * @example {
                 *       "reason": "обед"
                 *     }
                 */
                "application/json": components["schemas"]["DeclineOffer"] | null;
            };
        };
        responses: {
            /** @description What became of an offer, and of the order. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "message": "another courier is asked",
                     *       "order": null,
                     *       "success": true
                     *     }
                     */
                    "application/json": components["schemas"]["OfferAnswered"];
                };
            };
            /** @description Bad Request. */
            400: components["responses"]["Status400"];
            /** @description Unauthorized. */
            401: components["responses"]["Status401"];
            /** @description Not Found. */
            404: components["responses"]["Status404"];
            /**
             * @description - `conflict`: somebody else changed it at the same moment: try again
             *     - `illegal_transition`: not in this state
             *     - `expired`: too late: the time to answer, or the package's own, is over
             */
            409: {
                headers: {
                    /** @description After how many seconds to try again, if that may help. */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {string} */
                        code?: "conflict" | "illegal_transition" | "expired";
                    };
                };
            };
            /** @description Unprocessable Entity. */
            422: components["responses"]["Status422"];
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    dispatch_map: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Who and what is where. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "drivers": [
                     *         {
                     *           "car_model": "Lada Largus",
                     *           "id": 735190284,
                     *           "is_online": true,
                     *           "last_location_update": "2026-11-21T15:32:30.464Z",
                     *           "lat": 55.77,
                     *           "lon": 37.65,
                     *           "name": "Иван",
                     *           "plate_number": "А123ВС77",
                     *           "region": {
                     *             "id": "01990000-0000-7000-8000-000000000072",
                     *             "title": "Центр"
                     *           },
                     *           "status": "online_idle"
                     *         }
                     *       ],
                     *       "drivers_count": 1,
                     *       "orders": [
                     *         {
                     *           "created_at": "2026-11-21T15:32:30.464Z",
                     *           "driver_id": null,
                     *           "dropoff_lat": 55.752,
                     *           "dropoff_lon": 37.592,
                     *           "dropoff_title": "Арбат, 1",
                     *           "id": "01990000-0000-7000-8000-000000000070",
                     *           "passenger": {
                     *             "full_name": "Мария Иванова",
                     *             "id": 412087366
                     *           },
                     *           "pickup_lat": 55.776,
                     *           "pickup_lon": 37.655,
                     *           "pickup_title": "Комсомольская площадь, 2",
                     *           "status": "matching"
                     *         }
                     *       ],
                     *       "orders_count": 1
                     *     }
                     */
                    "application/json": components["schemas"]["MapData"];
                };
            };
            /** @description Unauthorized. */
            401: components["responses"]["Status401"];
            /** @description Forbidden. */
            403: components["responses"]["Status403"];
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    dispatch_route: {
        parameters: {
            query: {
                lat1: number;
                lon1: number;
                lat2: number;
                lon2: number;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A way. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "distance_km": 6.202,
                     *       "distance_m": 6202,
                     *       "duration_minutes": 12.4,
                     *       "duration_seconds": 744,
                     *       "eta": "2026-11-21T15:44:54.464Z",
                     *       "route": [
                     *         [
                     *           55.776,
                     *           37.655
                     *         ],
                     *         [
                     *           55.752,
                     *           37.592
                     *         ]
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["RouteView"];
                };
            };
            /** @description Bad Request. */
            400: components["responses"]["Status400"];
            /** @description Unauthorized. */
            401: components["responses"]["Status401"];
            /** @description Forbidden. */
            403: components["responses"]["Status403"];
            /** @description Unprocessable Entity. */
            422: components["responses"]["Status422"];
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    driver_route: {
        parameters: {
            query?: {
                /** @description To its pickup, or to its end once the ride has begun; to the order that the courier has if absent. */
                order_id?: string;
            };
            header?: never;
            path: {
                /** @description The courier's number */
                driver_id: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A way. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "distance_km": 6.202,
                     *       "distance_m": 6202,
                     *       "duration_minutes": 12.4,
                     *       "duration_seconds": 744,
                     *       "eta": "2026-11-21T15:44:54.464Z",
                     *       "route": [
                     *         [
                     *           55.776,
                     *           37.655
                     *         ],
                     *         [
                     *           55.752,
                     *           37.592
                     *         ]
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["RouteView"];
                };
            };
            /** @description Bad Request. */
            400: components["responses"]["Status400"];
            /** @description Unauthorized. */
            401: components["responses"]["Status401"];
            /** @description Forbidden. */
            403: components["responses"]["Status403"];
            /** @description Not Found. */
            404: components["responses"]["Status404"];
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    order_route: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The order */
                order_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A way. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "distance_km": 6.202,
                     *       "distance_m": 6202,
                     *       "duration_minutes": 12.4,
                     *       "duration_seconds": 744,
                     *       "eta": "2026-11-21T15:44:54.464Z",
                     *       "route": [
                     *         [
                     *           55.776,
                     *           37.655
                     *         ],
                     *         [
                     *           55.752,
                     *           37.592
                     *         ]
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["RouteView"];
                };
            };
            /** @description Unauthorized. */
            401: components["responses"]["Status401"];
            /** @description Forbidden. */
            403: components["responses"]["Status403"];
            /** @description Not Found. */
            404: components["responses"]["Status404"];
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    dispatch_eta: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The courier's number */
                driver_id: number;
                /** @description The order */
                order_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description How soon a courier can be at a pickup. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "distance_km": 0.84,
                     *       "driver_id": 735190284,
                     *       "eta": "2026-11-21T15:34:11.464Z",
                     *       "eta_minutes": 1.7,
                     *       "eta_seconds": 101,
                     *       "order_id": "01990000-0000-7000-8000-000000000070"
                     *     }
                     */
                    "application/json": components["schemas"]["EtaView"];
                };
            };
            /** @description Unauthorized. */
            401: components["responses"]["Status401"];
            /** @description Forbidden. */
            403: components["responses"]["Status403"];
            /** @description Not Found. */
            404: components["responses"]["Status404"];
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    dispatch_heatmap: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Where orders come from. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "points": [
                     *         {
                     *           "intensity": 1,
                     *           "lat": 55.775,
                     *           "lon": 37.655
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["Heatmap"];
                };
            };
            /** @description Unauthorized. */
            401: components["responses"]["Status401"];
            /** @description Forbidden. */
            403: components["responses"]["Status403"];
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    health: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description How the server is. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "clock": {
                     *         "jumped_ms": 0,
                     *         "skew_ms": null,
                     *         "status": "ok"
                     *       },
                     *       "database": {
                     *         "kind": "sqlite",
                     *         "latencyMs": 0,
                     *         "status": "ok"
                     *       },
                     *       "engine": {
                     *         "actors": 4,
                     *         "sessions": 0,
                     *         "silent_threads": [],
                     *         "trips": 1,
                     *         "waiting_packages": 0
                     *       },
                     *       "memory": {
                     *         "rssMB": 79
                     *       },
                     *       "redis": {
                     *         "status": "not_configured"
                     *       },
                     *       "status": "ok",
                     *       "timestamp": "2026-11-21T15:32:30.445Z",
                     *       "uptime": 3,
                     *       "version": "0.1.0"
                     *     }
                     */
                    "application/json": components["schemas"]["Health"];
                };
            };
        };
    };
    health_live: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Whether to send requests here. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "ready": true,
                     *       "reasons": []
                     *     }
                     */
                    "application/json": components["schemas"]["Readiness"];
                };
            };
        };
    };
    health_ready: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Whether to send requests here. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "ready": true,
                     *       "reasons": []
                     *     }
                     */
                    "application/json": components["schemas"]["Readiness"];
                };
            };
            /** @description Whether to send requests here. */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Readiness"];
                };
            };
        };
    };
    socket_health: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description How the sockets of the dispatch are. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "dispatch": true,
                     *       "located_drivers": 12,
                     *       "recommendations": [],
                     *       "redis": "not_configured",
                     *       "sockets": {
                     *         "driver": 12,
                     *         "map": 1,
                     *         "order": 2,
                     *         "passenger": 3,
                     *         "test": 0
                     *       },
                     *       "status": "ok",
                     *       "timestamp": "2026-11-21T15:32:30.445Z"
                     *     }
                     */
                    "application/json": components["schemas"]["SocketHealth"];
                };
            };
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    sign_in_operator: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "login": "root",
                 *       "password": "twelve characters or more"
                 *     }
                 */
                "application/json": components["schemas"]["OperatorLogin"];
            };
        };
        responses: {
            /** @description Tokens of a signed-in user. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "access_token": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIuLi4ifQ.c2lnbmF0dXJl",
                     *       "expires_in": 900,
                     *       "is_new": false,
                     *       "refresh_token": "rt_00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff",
                     *       "user": {
                     *         "avatar": "/api/avatars/initials/7-I.svg",
                     *         "id": "01990000-0000-7000-8000-000000000005",
                     *         "language": null,
                     *         "name": "Администратор",
                     *         "role": "admin",
                     *         "telegram_id": null,
                     *         "username": null
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["SignedIn"];
                };
            };
            /** @description Bad Request. */
            400: components["responses"]["Status400"];
            /**
             * @description - `unauthorized`: nobody is signed in
             *     - `invalid_token`: the token is not ours, or its session has ended: sign in again
             *     - `token_expired`: the access token is too old: refresh it
             *     - `invalid_login`: the name or the password is wrong
             *     - `invalid_code`: the code is wrong or no longer good
             */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {string} */
                        code?: "unauthorized" | "invalid_token" | "token_expired" | "invalid_login" | "invalid_code";
                    };
                };
            };
            /**
             * @description - `forbidden`: the caller's role, or the way things are set up, does not allow it
             *     - `origin_not_allowed`: the page is of an origin that is not in PEERPACK_ALLOWED_ORIGINS
             *     - `invalid_code`: the code is wrong or no longer good
             *     - `blocked`: the account is blocked
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {string} */
                        code?: "forbidden" | "origin_not_allowed" | "invalid_code" | "blocked";
                    };
                };
            };
            /** @description Too Many Requests. */
            429: components["responses"]["Status429"];
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    sign_in_operator_by_link: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "code": "058944",
                 *       "link": "in_00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
                 *     }
                 */
                "application/json": components["schemas"]["OperatorLink"];
            };
        };
        responses: {
            /** @description Tokens of a signed-in user. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "access_token": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIuLi4ifQ.c2lnbmF0dXJl",
                     *       "expires_in": 900,
                     *       "is_new": false,
                     *       "refresh_token": "rt_00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff",
                     *       "user": {
                     *         "avatar": "",
                     *         "id": "01990000-0000-7000-8000-000000000005",
                     *         "language": null,
                     *         "name": "Администратор",
                     *         "role": "admin",
                     *         "telegram_id": null,
                     *         "username": null
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["SignedIn"];
                };
            };
            /** @description Bad Request. */
            400: components["responses"]["Status400"];
            /**
             * @description - `unauthorized`: nobody is signed in
             *     - `invalid_token`: the token is not ours, or its session has ended: sign in again
             *     - `token_expired`: the access token is too old: refresh it
             *     - `invalid_link`: the link from the server's shell is not good any more
             *     - `invalid_code`: the code is wrong or no longer good
             */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {string} */
                        code?: "unauthorized" | "invalid_token" | "token_expired" | "invalid_link" | "invalid_code";
                    };
                };
            };
            /**
             * @description - `forbidden`: the caller's role, or the way things are set up, does not allow it
             *     - `origin_not_allowed`: the page is of an origin that is not in PEERPACK_ALLOWED_ORIGINS
             *     - `invalid_code`: the code is wrong or no longer good
             *     - `blocked`: the account is blocked
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {string} */
                        code?: "forbidden" | "origin_not_allowed" | "invalid_code" | "blocked";
                    };
                };
            };
            /** @description Too Many Requests. */
            429: components["responses"]["Status429"];
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    make_first_admin: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "invitation": "inv_00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff",
                 *       "login": "root",
                 *       "name": "Администратор",
                 *       "password": "twelve characters or more"
                 *     }
                 */
                "application/json": components["schemas"]["NewFirstAdmin"];
            };
        };
        responses: {
            /** @description An operator was taken on. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "success": true,
                     *       "user_id": "01990000-0000-7000-8000-000000000005"
                     *     }
                     */
                    "application/json": components["schemas"]["OperatorAdded"];
                };
            };
            /** @description Bad Request. */
            400: components["responses"]["Status400"];
            /**
             * @description - `unauthorized`: nobody is signed in
             *     - `invalid_token`: the token is not ours, or its session has ended: sign in again
             *     - `token_expired`: the access token is too old: refresh it
             *     - `invalid_invitation`: the secret for the first administrator is not good any more
             */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {string} */
                        code?: "unauthorized" | "invalid_token" | "token_expired" | "invalid_invitation";
                    };
                };
            };
            /** @description Unprocessable Entity. */
            422: components["responses"]["Status422"];
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    begin_second_factor: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A second factor, shown this once. It counts when its first code was shown. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "recovery_codes": [
                     *         "be77f9f-74ea5c1-bae8e8a-f635cc0",
                     *         "e214179-1ea3f57-4add0fc-7d44e61"
                     *       ],
                     *       "secret": "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP",
                     *       "uri": "otpauth://totp/PeerPack:01990000-0000-7000-8000-000000000006?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=PeerPack"
                     *     }
                     */
                    "application/json": components["schemas"]["NewSecondFactor"];
                };
            };
            /** @description Unauthorized. */
            401: components["responses"]["Status401"];
            /** @description Forbidden. */
            403: components["responses"]["Status403"];
            /**
             * @description - `conflict`: somebody else changed it at the same moment: try again
             *     - `second_factor_exists`: the old second factor has to be removed first
             */
            409: {
                headers: {
                    /** @description After how many seconds to try again, if that may help. */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {string} */
                        code?: "conflict" | "second_factor_exists";
                    };
                };
            };
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    remove_second_factor: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "code": "be77f9f-74ea5c1-bae8e8a-f635cc0"
                 *     }
                 */
                "application/json": components["schemas"]["SecondFactorCode"];
            };
        };
        responses: {
            /** @description Somebody is signed out. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "success": true
                     *     }
                     */
                    "application/json": components["schemas"]["SignedOut"];
                };
            };
            /** @description Bad Request. */
            400: components["responses"]["Status400"];
            /**
             * @description - `unauthorized`: nobody is signed in
             *     - `invalid_token`: the token is not ours, or its session has ended: sign in again
             *     - `token_expired`: the access token is too old: refresh it
             *     - `invalid_code`: the code is wrong or no longer good
             */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {string} */
                        code?: "unauthorized" | "invalid_token" | "token_expired" | "invalid_code";
                    };
                };
            };
            /**
             * @description - `forbidden`: the caller's role, or the way things are set up, does not allow it
             *     - `origin_not_allowed`: the page is of an origin that is not in PEERPACK_ALLOWED_ORIGINS
             *     - `invalid_code`: the code is wrong or no longer good
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {string} */
                        code?: "forbidden" | "origin_not_allowed" | "invalid_code";
                    };
                };
            };
            /** @description Too Many Requests. */
            429: components["responses"]["Status429"];
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    show_second_factor: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "code": "058944"
                 *     }
                 */
                "application/json": components["schemas"]["SecondFactorCode"];
            };
        };
        responses: {
            /** @description An access token with the operator's rights. The refresh token stays. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "access_token": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIuLi4ifQ.c2lnbmF0dXJl",
                     *       "device_token": "dev_07070707070707070707070707070707.1806419847377.00112233445566778899aabbccddeeff",
                     *       "expires_in": 900,
                     *       "role": "admin"
                     *     }
                     */
                    "application/json": components["schemas"]["SecondFactorShown"];
                };
            };
            /** @description Bad Request. */
            400: components["responses"]["Status400"];
            /**
             * @description - `unauthorized`: nobody is signed in
             *     - `invalid_token`: the token is not ours, or its session has ended: sign in again
             *     - `token_expired`: the access token is too old: refresh it
             *     - `invalid_code`: the code is wrong or no longer good
             */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {string} */
                        code?: "unauthorized" | "invalid_token" | "token_expired" | "invalid_code";
                    };
                };
            };
            /**
             * @description - `forbidden`: the caller's role, or the way things are set up, does not allow it
             *     - `origin_not_allowed`: the page is of an origin that is not in PEERPACK_ALLOWED_ORIGINS
             *     - `invalid_code`: the code is wrong or no longer good
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {string} */
                        code?: "forbidden" | "origin_not_allowed" | "invalid_code";
                    };
                };
            };
            /** @description Too Many Requests. */
            429: components["responses"]["Status429"];
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    show_job: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The job */
                job_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Work that is under way, or was. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "0b9f3c52-5d3e-4b27-9a40-6f3d6ad1c1de",
                     *       "kind": "account",
                     *       "left": 5216,
                     *       "total": 8000
                     *     }
                     */
                    "application/json": components["schemas"]["JobView"];
                };
            };
            /** @description Not Found. */
            404: components["responses"]["Status404"];
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    request_stats: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The last hour in a few numbers. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "client_errors": 1,
                     *       "p50_ms": 2.506,
                     *       "p95_ms": 254.674,
                     *       "p99_ms": 747.005,
                     *       "requests": 67,
                     *       "server_errors": 0
                     *     }
                     */
                    "application/json": components["schemas"]["RequestStats"];
                };
            };
            /** @description Unauthorized. */
            401: components["responses"]["Status401"];
            /** @description Forbidden. */
            403: components["responses"]["Status403"];
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    request_endpoints: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The last hour by route. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "endpoints": [
                     *         {
                     *           "client_errors": 0,
                     *           "endpoint": "POST /api/auth/telegram",
                     *           "p50_ms": 40.999,
                     *           "p95_ms": 49.9,
                     *           "p99_ms": 49.9,
                     *           "requests": 3,
                     *           "server_errors": 0
                     *         },
                     *         {
                     *           "client_errors": 0,
                     *           "endpoint": "GET /api/health/ready",
                     *           "p50_ms": 0.316,
                     *           "p95_ms": 0.316,
                     *           "p99_ms": 0.316,
                     *           "requests": 2,
                     *           "server_errors": 0
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["RequestsByEndpoint"];
                };
            };
            /** @description Unauthorized. */
            401: components["responses"]["Status401"];
            /** @description Forbidden. */
            403: components["responses"]["Status403"];
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    request_chart: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The last hour by minute. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "points": [
                     *         {
                     *           "client_errors": 1,
                     *           "minute": "2026-11-21T15:32:00.000Z",
                     *           "p50_ms": 2.422,
                     *           "p95_ms": 254.674,
                     *           "p99_ms": 747.005,
                     *           "requests": 69,
                     *           "server_errors": 0
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["RequestChart"];
                };
            };
            /** @description Unauthorized. */
            401: components["responses"]["Status401"];
            /** @description Forbidden. */
            403: components["responses"]["Status403"];
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    add_operator: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "login": "vera",
                 *       "name": "Вера",
                 *       "password": "twelve characters or more",
                 *       "role": "viewer"
                 *     }
                 */
                "application/json": components["schemas"]["NewOperator"];
            };
        };
        responses: {
            /** @description An operator was taken on. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "success": true,
                     *       "user_id": "01990000-0000-7000-8000-000000000007"
                     *     }
                     */
                    "application/json": components["schemas"]["OperatorAdded"];
                };
            };
            /** @description Bad Request. */
            400: components["responses"]["Status400"];
            /** @description Unauthorized. */
            401: components["responses"]["Status401"];
            /** @description Forbidden. */
            403: components["responses"]["Status403"];
            /**
             * @description - `conflict`: somebody else changed it at the same moment: try again
             *     - `login_taken`: somebody else has this login
             */
            409: {
                headers: {
                    /** @description After how many seconds to try again, if that may help. */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {string} */
                        code?: "conflict" | "login_taken";
                    };
                };
            };
            /** @description Unprocessable Entity. */
            422: components["responses"]["Status422"];
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    set_role: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The user */
                user_id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "role": "dispatcher"
                 *     }
                 */
                "application/json": components["schemas"]["NewRole"];
            };
        };
        responses: {
            /** @description It is so now. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "success": true
                     *     }
                     */
                    "application/json": components["schemas"]["AccountChanged"];
                };
            };
            /** @description Bad Request. */
            400: components["responses"]["Status400"];
            /** @description Unauthorized. */
            401: components["responses"]["Status401"];
            /** @description Forbidden. */
            403: components["responses"]["Status403"];
            /** @description Not Found. */
            404: components["responses"]["Status404"];
            /**
             * @description - `conflict`: somebody else changed it at the same moment: try again
             *     - `own_account`: another administrator has to do this
             *     - `last_administrator`: nobody else could undo it: make somebody else an administrator first
             */
            409: {
                headers: {
                    /** @description After how many seconds to try again, if that may help. */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {string} */
                        code?: "conflict" | "own_account" | "last_administrator";
                    };
                };
            };
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    block_user: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The user */
                user_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is so now. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "success": true
                     *     }
                     */
                    "application/json": components["schemas"]["AccountChanged"];
                };
            };
            /** @description Unauthorized. */
            401: components["responses"]["Status401"];
            /** @description Forbidden. */
            403: components["responses"]["Status403"];
            /** @description Not Found. */
            404: components["responses"]["Status404"];
            /**
             * @description - `conflict`: somebody else changed it at the same moment: try again
             *     - `own_account`: another administrator has to do this
             *     - `last_administrator`: nobody else could undo it: make somebody else an administrator first
             */
            409: {
                headers: {
                    /** @description After how many seconds to try again, if that may help. */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {string} */
                        code?: "conflict" | "own_account" | "last_administrator";
                    };
                };
            };
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    unblock_user: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The user */
                user_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is so now. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "success": true
                     *     }
                     */
                    "application/json": components["schemas"]["AccountChanged"];
                };
            };
            /** @description Unauthorized. */
            401: components["responses"]["Status401"];
            /** @description Forbidden. */
            403: components["responses"]["Status403"];
            /** @description Not Found. */
            404: components["responses"]["Status404"];
            /**
             * @description - `conflict`: somebody else changed it at the same moment: try again
             *     - `own_account`: another administrator has to do this
             */
            409: {
                headers: {
                    /** @description After how many seconds to try again, if that may help. */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {string} */
                        code?: "conflict" | "own_account";
                    };
                };
            };
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    reset_second_factor: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The operator */
                user_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is so now. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "success": true
                     *     }
                     */
                    "application/json": components["schemas"]["AccountChanged"];
                };
            };
            /** @description Unauthorized. */
            401: components["responses"]["Status401"];
            /** @description Forbidden. */
            403: components["responses"]["Status403"];
            /** @description Not Found. */
            404: components["responses"]["Status404"];
            /**
             * @description - `conflict`: somebody else changed it at the same moment: try again
             *     - `own_account`: another administrator has to do this
             */
            409: {
                headers: {
                    /** @description After how many seconds to try again, if that may help. */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {string} */
                        code?: "conflict" | "own_account";
                    };
                };
            };
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    outbox: {
        parameters: {
            query?: {
                /** @description `dead` if it is not said. */
                state?: components["schemas"]["MessageState"];
                /** @description The next page, as the last answer named it. */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Messages, newest first. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "dead": 1,
                     *       "messages": [
                     *         {
                     *           "at": "2026-11-21T15:32:30.464Z",
                     *           "attempts": 1,
                     *           "class": "state",
                     *           "due_at": "2026-11-21T15:32:30.464Z",
                     *           "error": "400 Bad Request: chat not found",
                     *           "request_id": "01990000-0000-7000-8000-000000000004",
                     *           "seq": 17,
                     *           "user_id": "01990000-0000-7000-8000-000000000002"
                     *         }
                     *       ],
                     *       "unknown": 0,
                     *       "waiting": 3
                     *     }
                     */
                    "application/json": components["schemas"]["OutboxPage"];
                };
            };
            /** @description Bad Request. */
            400: components["responses"]["Status400"];
            /** @description Unauthorized. */
            401: components["responses"]["Status401"];
            /** @description Forbidden. */
            403: components["responses"]["Status403"];
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    send_message_again: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description To whom */
                user_id: string;
                /** @description The number of its event */
                seq: number;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It goes again. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "success": true
                     *     }
                     */
                    "application/json": components["schemas"]["MessageSentAgain"];
                };
            };
            /** @description Unauthorized. */
            401: components["responses"]["Status401"];
            /** @description Forbidden. */
            403: components["responses"]["Status403"];
            /** @description Not Found. */
            404: components["responses"]["Status404"];
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    bot_update: {
        parameters: {
            query?: never;
            header: {
                /** @description The secret that the webhook was set with. */
                "X-Telegram-Bot-Api-Secret-Token": string;
            };
            path?: never;
            cookie?: never;
        };
        /** @description An `Update` of Telegram's Bot API; what is not known of it is left out. */
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "message": {
                 *         "chat": {
                 *           "id": 123456789,
                 *           "type": "private"
                 *         },
                 *         "date": 1790000000,
                 *         "from": {
                 *           "first_name": "Ivan",
                 *           "id": 123456789,
                 *           "is_bot": false
                 *         },
                 *         "message_id": 7,
                 *         "text": "/start"
                 *       },
                 *       "update_id": 1
                 *     }
                 */
                "application/json": Record<string, never>;
            };
        };
        responses: {
            /** @description What was said is kept. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "success": true
                     *     }
                     */
                    "application/json": components["schemas"]["UpdateTaken"];
                };
            };
            /** @description Bad Request. */
            400: components["responses"]["Status400"];
            /**
             * @description - `unauthorized`: nobody is signed in
             *     - `invalid_token`: the token is not ours, or its session has ended: sign in again
             *     - `token_expired`: the access token is too old: refresh it
             *     - `invalid_secret`: the secret in the header is missing or wrong
             */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {string} */
                        code?: "unauthorized" | "invalid_token" | "token_expired" | "invalid_secret";
                    };
                };
            };
            /** @description Not Found. */
            404: components["responses"]["Status404"];
            /** @description Payload Too Large. */
            413: components["responses"]["Status413"];
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    set_webhook: {
        parameters: {
            query?: never;
            header: {
                /** @description PEERPACK_BOT_ADMIN_SECRET. */
                "X-Admin-Secret": string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "url": "https://app.example.org"
                 *     }
                 */
                "application/json": components["schemas"]["NewWebhook"];
            };
        };
        responses: {
            /** @description What Telegram says of the webhook. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "allowed_updates": [
                     *         "message",
                     *         "callback_query",
                     *         "my_chat_member",
                     *         "pre_checkout_query"
                     *       ],
                     *       "pending_update_count": 0,
                     *       "success": true,
                     *       "url": "https://app.example.org/api/bot/webhook"
                     *     }
                     */
                    "application/json": components["schemas"]["WebhookInfo"];
                };
            };
            /** @description Bad Request. */
            400: components["responses"]["Status400"];
            /**
             * @description - `unauthorized`: nobody is signed in
             *     - `invalid_token`: the token is not ours, or its session has ended: sign in again
             *     - `token_expired`: the access token is too old: refresh it
             *     - `invalid_secret`: the secret in the header is missing or wrong
             */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {string} */
                        code?: "unauthorized" | "invalid_token" | "token_expired" | "invalid_secret";
                    };
                };
            };
            /**
             * @description - `conflict`: somebody else changed it at the same moment: try again
             *     - `bot_off`: the server has no bot: PEERPACK_BOT_MODE
             */
            409: {
                headers: {
                    /** @description After how many seconds to try again, if that may help. */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {string} */
                        code?: "conflict" | "bot_off";
                    };
                };
            };
            /** @description Unprocessable Entity. */
            422: components["responses"]["Status422"];
            /** @description - `telegram_failed`: Telegram does not do what it was asked for, or does not answer; the message says why */
            502: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {string} */
                        code?: "telegram_failed";
                    };
                };
            };
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    webhook_info: {
        parameters: {
            query?: never;
            header: {
                /** @description PEERPACK_BOT_ADMIN_SECRET. */
                "X-Admin-Secret": string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description What Telegram says of the webhook. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "allowed_updates": [
                     *         "message",
                     *         "callback_query",
                     *         "my_chat_member",
                     *         "pre_checkout_query"
                     *       ],
                     *       "pending_update_count": 0,
                     *       "success": true,
                     *       "url": "https://app.example.org/api/bot/webhook"
                     *     }
                     */
                    "application/json": components["schemas"]["WebhookInfo"];
                };
            };
            /**
             * @description - `unauthorized`: nobody is signed in
             *     - `invalid_token`: the token is not ours, or its session has ended: sign in again
             *     - `token_expired`: the access token is too old: refresh it
             *     - `invalid_secret`: the secret in the header is missing or wrong
             */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {string} */
                        code?: "unauthorized" | "invalid_token" | "token_expired" | "invalid_secret";
                    };
                };
            };
            /**
             * @description - `conflict`: somebody else changed it at the same moment: try again
             *     - `bot_off`: the server has no bot: PEERPACK_BOT_MODE
             */
            409: {
                headers: {
                    /** @description After how many seconds to try again, if that may help. */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {string} */
                        code?: "conflict" | "bot_off";
                    };
                };
            };
            /** @description - `telegram_failed`: Telegram does not do what it was asked for, or does not answer; the message says why */
            502: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {string} */
                        code?: "telegram_failed";
                    };
                };
            };
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    delete_webhook: {
        parameters: {
            query?: never;
            header: {
                /** @description PEERPACK_BOT_ADMIN_SECRET. */
                "X-Admin-Secret": string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description What Telegram says of the webhook. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "allowed_updates": [
                     *         "message",
                     *         "callback_query",
                     *         "my_chat_member",
                     *         "pre_checkout_query"
                     *       ],
                     *       "pending_update_count": 0,
                     *       "success": true,
                     *       "url": ""
                     *     }
                     */
                    "application/json": components["schemas"]["WebhookInfo"];
                };
            };
            /**
             * @description - `unauthorized`: nobody is signed in
             *     - `invalid_token`: the token is not ours, or its session has ended: sign in again
             *     - `token_expired`: the access token is too old: refresh it
             *     - `invalid_secret`: the secret in the header is missing or wrong
             */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {string} */
                        code?: "unauthorized" | "invalid_token" | "token_expired" | "invalid_secret";
                    };
                };
            };
            /**
             * @description - `conflict`: somebody else changed it at the same moment: try again
             *     - `bot_off`: the server has no bot: PEERPACK_BOT_MODE
             */
            409: {
                headers: {
                    /** @description After how many seconds to try again, if that may help. */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {string} */
                        code?: "conflict" | "bot_off";
                    };
                };
            };
            /** @description - `telegram_failed`: Telegram does not do what it was asked for, or does not answer; the message says why */
            502: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {string} */
                        code?: "telegram_failed";
                    };
                };
            };
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    test_bot: {
        parameters: {
            query?: never;
            header: {
                /** @description PEERPACK_BOT_ADMIN_SECRET. */
                "X-Admin-Secret": string;
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "chat_id": 123456789
                 *     }
                 */
                "application/json": components["schemas"]["TestMessage"];
            };
        };
        responses: {
            /** @description What was said is kept. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "success": true
                     *     }
                     */
                    "application/json": components["schemas"]["UpdateTaken"];
                };
            };
            /** @description Bad Request. */
            400: components["responses"]["Status400"];
            /**
             * @description - `unauthorized`: nobody is signed in
             *     - `invalid_token`: the token is not ours, or its session has ended: sign in again
             *     - `token_expired`: the access token is too old: refresh it
             *     - `invalid_secret`: the secret in the header is missing or wrong
             */
            401: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {string} */
                        code?: "unauthorized" | "invalid_token" | "token_expired" | "invalid_secret";
                    };
                };
            };
            /**
             * @description - `conflict`: somebody else changed it at the same moment: try again
             *     - `bot_off`: the server has no bot: PEERPACK_BOT_MODE
             */
            409: {
                headers: {
                    /** @description After how many seconds to try again, if that may help. */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {string} */
                        code?: "conflict" | "bot_off";
                    };
                };
            };
            /** @description - `telegram_failed`: Telegram does not do what it was asked for, or does not answer; the message says why */
            502: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {string} */
                        code?: "telegram_failed";
                    };
                };
            };
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    document_queue: {
        parameters: {
            query?: {
                /** @description The next page, as the last answer named it. */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Documents that wait for a decision. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "documents": [
                     *         {
                     *           "created_at": "2026-11-21T15:32:29.668Z",
                     *           "id": "01990000-0000-7000-8000-000000000030",
                     *           "media_type": "image/jpeg",
                     *           "size_bytes": 183204,
                     *           "user_id": "01990000-0000-7000-8000-000000000002",
                     *           "user_name": "Ivan"
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["DocumentQueue"];
                };
            };
            /** @description Bad Request. */
            400: components["responses"]["Status400"];
            /** @description Unauthorized. */
            401: components["responses"]["Status401"];
            /** @description Forbidden. */
            403: components["responses"]["Status403"];
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    document_link: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The document */
                document_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A link to look at a document. */
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "expires_at": "2026-11-21T15:32:29.668Z",
                     *       "path": "/api/admin/documents/01990000-0000-7000-8000-000000000030/file/1797867149668.267cd2b6485b1df37496e2b9a4d99112"
                     *     }
                     */
                    "application/json": components["schemas"]["DocumentLink"];
                };
            };
            /** @description Unauthorized. */
            401: components["responses"]["Status401"];
            /** @description Forbidden. */
            403: components["responses"]["Status403"];
            /** @description Not Found. */
            404: components["responses"]["Status404"];
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    look_at_document: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The document */
                document_id: string;
                /** @description What the link ends with */
                link: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The document */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "image/jpeg": components["schemas"]["FileBytes"];
                    "application/pdf": components["schemas"]["FileBytes"];
                };
            };
            /** @description Unauthorized. */
            401: components["responses"]["Status401"];
            /** @description Forbidden. */
            403: components["responses"]["Status403"];
            /** @description Not Found. */
            404: components["responses"]["Status404"];
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    approve_document: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The document */
                document_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is decided. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "new_status": "approved",
                     *       "success": true
                     *     }
                     */
                    "application/json": components["schemas"]["DocumentDecided"];
                };
            };
            /** @description Unauthorized. */
            401: components["responses"]["Status401"];
            /** @description Forbidden. */
            403: components["responses"]["Status403"];
            /** @description Not Found. */
            404: components["responses"]["Status404"];
            /**
             * @description - `conflict`: somebody else changed it at the same moment: try again
             *     - `own_account`: another administrator has to do this
             *     - `already_decided`: it was decided upon before
             */
            409: {
                headers: {
                    /** @description After how many seconds to try again, if that may help. */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {string} */
                        code?: "conflict" | "own_account" | "already_decided";
                    };
                };
            };
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    decline_document: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The document */
                document_id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "reason": "Фотография нечитаема"
                 *     }
                 */
                "application/json": components["schemas"]["DeclineDocument"];
            };
        };
        responses: {
            /** @description It is decided. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "new_status": "declined",
                     *       "success": true
                     *     }
                     */
                    "application/json": components["schemas"]["DocumentDecided"];
                };
            };
            /** @description Bad Request. */
            400: components["responses"]["Status400"];
            /** @description Unauthorized. */
            401: components["responses"]["Status401"];
            /** @description Forbidden. */
            403: components["responses"]["Status403"];
            /** @description Not Found. */
            404: components["responses"]["Status404"];
            /**
             * @description - `conflict`: somebody else changed it at the same moment: try again
             *     - `own_account`: another administrator has to do this
             *     - `already_decided`: it was decided upon before
             */
            409: {
                headers: {
                    /** @description After how many seconds to try again, if that may help. */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {string} */
                        code?: "conflict" | "own_account" | "already_decided";
                    };
                };
            };
            /** @description Unprocessable Entity. */
            422: components["responses"]["Status422"];
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    dispute_queue: {
        parameters: {
            query?: {
                /** @description The next page, as the last answer named it. */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Disputes that wait for an operator, the oldest first. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "disputes": [
                     *         {
                     *           "courier_id": "01990000-0000-7000-8000-000000000002",
                     *           "courier_name": "Ivan",
                     *           "currency": "RUB",
                     *           "description": "книги",
                     *           "id": "01990000-0000-7000-8000-000000000004",
                     *           "package_id": "01990000-0000-7000-8000-000000000003",
                     *           "reason": "Коробка пуста",
                     *           "reward": 500,
                     *           "sender_id": "01990000-0000-7000-8000-000000000001",
                     *           "sender_name": "Anna",
                     *           "since": "2026-11-21T15:32:29.668Z"
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["Disputes"];
                };
            };
            /** @description Bad Request. */
            400: components["responses"]["Status400"];
            /** @description Unauthorized. */
            401: components["responses"]["Status401"];
            /** @description Forbidden. */
            403: components["responses"]["Status403"];
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    resolve_dispute: {
        parameters: {
            query?: never;
            header?: {
                /** @description Names the call: with the same key it can be repeated for a day, with one effect and one answer. */
                "Idempotency-Key"?: string;
            };
            path: {
                /** @description The request that it is about */
                dispute_id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "in_favour_of": "sender"
                 *     }
                 */
                "application/json": components["schemas"]["DisputeResolution"];
            };
        };
        responses: {
            /** @description The dispute is over. */
            200: {
                headers: {
                    /** @description `true` if this is the answer of an earlier call with the same key. */
                    "Idempotent-Replayed"?: boolean;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "new_status": "cancelled",
                     *       "success": true
                     *     }
                     */
                    "application/json": components["schemas"]["DisputeResolved"];
                };
            };
            /** @description Bad Request. */
            400: components["responses"]["Status400"];
            /** @description Unauthorized. */
            401: components["responses"]["Status401"];
            /**
             * @description - `forbidden`: the caller's role, or the way things are set up, does not allow it
             *     - `origin_not_allowed`: the page is of an origin that is not in PEERPACK_ALLOWED_ORIGINS
             *     - `wrong_party`: this step is the other party's
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {string} */
                        code?: "forbidden" | "origin_not_allowed" | "wrong_party";
                    };
                };
            };
            /** @description Not Found. */
            404: components["responses"]["Status404"];
            /**
             * @description - `conflict`: somebody else changed it at the same moment: try again
             *     - `illegal_transition`: not in this state
             *     - `in_progress`: the same call is still being carried out: ask again, as `Retry-After` says
             *     - `answered_before`: the same call was carried out a moment ago: ask again for its answer
             */
            409: {
                headers: {
                    /** @description After how many seconds to try again, if that may help. */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {string} */
                        code?: "conflict" | "illegal_transition" | "in_progress" | "answered_before";
                    };
                };
            };
            /**
             * @description - `invalid`: understood, but `fields` says what will not do
             *     - `key_reused`: the `Idempotency-Key` was used for another call
             */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {string} */
                        code?: "invalid" | "key_reused";
                    };
                };
            };
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    chat_report_queue: {
        parameters: {
            query?: {
                /** @description The next page, as the last answer named it. */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Reports that wait. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "reports": [
                     *         {
                     *           "accused_id": "01990000-0000-7000-8000-000000000001",
                     *           "chat_id": "01990000-0000-7000-8000-000000000040",
                     *           "created_at": "2026-11-21T15:40:00.000Z",
                     *           "evidence": [
                     *             {
                     *               "at": "2026-11-21T15:32:29.668Z",
                     *               "content": "Здравствуйте! Летите в пятницу?",
                     *               "has_picture": false,
                     *               "id": "01990000-0000-7000-8000-000000000041",
                     *               "sender_id": "01990000-0000-7000-8000-000000000001",
                     *               "seq": 1
                     *             }
                     *           ],
                     *           "id": "01990000-0000-7000-8000-000000000043",
                     *           "message_id": "01990000-0000-7000-8000-000000000041",
                     *           "reason": "Грубит",
                     *           "reporter_id": "01990000-0000-7000-8000-000000000002"
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["ChatReportQueue"];
                };
            };
            /** @description Bad Request. */
            400: components["responses"]["Status400"];
            /** @description Unauthorized. */
            401: components["responses"]["Status401"];
            /** @description Forbidden. */
            403: components["responses"]["Status403"];
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    decide_chat_report: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The report */
                report_id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "decision": "upheld",
                 *       "note": "Предупреждена"
                 *     }
                 */
                "application/json": components["schemas"]["DecideReport"];
            };
        };
        responses: {
            /** @description It is decided. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "success": true
                     *     }
                     */
                    "application/json": components["schemas"]["ReportDecided"];
                };
            };
            /** @description Bad Request. */
            400: components["responses"]["Status400"];
            /** @description Unauthorized. */
            401: components["responses"]["Status401"];
            /** @description Forbidden. */
            403: components["responses"]["Status403"];
            /** @description Not Found. */
            404: components["responses"]["Status404"];
            /**
             * @description - `conflict`: somebody else changed it at the same moment: try again
             *     - `already_decided`: it was decided upon before
             */
            409: {
                headers: {
                    /** @description After how many seconds to try again, if that may help. */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {string} */
                        code?: "conflict" | "already_decided";
                    };
                };
            };
            /** @description Unprocessable Entity. */
            422: components["responses"]["Status422"];
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    post_report_queue: {
        parameters: {
            query?: {
                /** @description The next page, as the last answer named it. */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Posts to which somebody objects. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "posts": [
                     *         {
                     *           "post": {
                     *             "author_avatar": "/api/avatars/initials/7-I.svg",
                     *             "author_id": "01990000-0000-7000-8000-000000000002",
                     *             "author_name": "Ivan",
                     *             "created_at": "2026-11-21T15:32:29.668Z",
                     *             "from": {
                     *               "id": 524901,
                     *               "lat": 55.75,
                     *               "lon": 37.62,
                     *               "name_en": "Moscow",
                     *               "name_ru": "Москва",
                     *               "tz": "Europe/Moscow"
                     *             },
                     *             "id": "01990000-0000-7000-8000-000000000042",
                     *             "status": "shown",
                     *             "text": "Лечу в пятницу, есть 5 кг",
                     *             "trip_id": "01990000-0000-7000-8000-000000000009",
                     *             "updated_at": "2026-11-21T15:32:29.668Z",
                     *             "version": 1
                     *           },
                     *           "reasons": [
                     *             {
                     *               "at": "2026-11-21T15:40:00.000Z",
                     *               "evidence": "Лечу в пятницу, есть 5 кг",
                     *               "reason": "Реклама",
                     *               "reporter_id": "01990000-0000-7000-8000-000000000001"
                     *             }
                     *           ],
                     *           "reports": 1
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["PostReportQueue"];
                };
            };
            /** @description Bad Request. */
            400: components["responses"]["Status400"];
            /** @description Unauthorized. */
            401: components["responses"]["Status401"];
            /** @description Forbidden. */
            403: components["responses"]["Status403"];
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    hide_post: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The post */
                post_id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "reason": "Реклама"
                 *     }
                 */
                "application/json": components["schemas"]["HidePost"];
            };
        };
        responses: {
            /** @description It is done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "success": true
                     *     }
                     */
                    "application/json": components["schemas"]["PostNoted"];
                };
            };
            /** @description Bad Request. */
            400: components["responses"]["Status400"];
            /** @description Unauthorized. */
            401: components["responses"]["Status401"];
            /** @description Forbidden. */
            403: components["responses"]["Status403"];
            /** @description Not Found. */
            404: components["responses"]["Status404"];
            /** @description Unprocessable Entity. */
            422: components["responses"]["Status422"];
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    let_post_stand: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The post */
                post_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description It is done. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "success": true
                     *     }
                     */
                    "application/json": components["schemas"]["PostNoted"];
                };
            };
            /** @description Unauthorized. */
            401: components["responses"]["Status401"];
            /** @description Forbidden. */
            403: components["responses"]["Status403"];
            /** @description Not Found. */
            404: components["responses"]["Status404"];
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    withdrawal_queue: {
        parameters: {
            query?: {
                /** @description The next page, as the last answer named it. */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Withdrawals that wait for an operator. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "payouts_frozen": false,
                     *       "withdrawals": [
                     *         {
                     *           "amount": 300,
                     *           "created_at": "2026-11-21T15:32:30.418Z",
                     *           "id": "01990000-0000-7000-8000-000000000010",
                     *           "method": "•••• 4567",
                     *           "needs_two": false,
                     *           "payable_from": "2026-11-21T15:32:30.418Z",
                     *           "user_id": "01990000-0000-7000-8000-00000000000b"
                     *         },
                     *         {
                     *           "amount": 100,
                     *           "created_at": "2026-11-21T15:32:30.420Z",
                     *           "id": "01990000-0000-7000-8000-000000000011",
                     *           "method": "•••• 4567",
                     *           "needs_two": false,
                     *           "payable_from": "2026-11-21T15:32:30.420Z",
                     *           "user_id": "01990000-0000-7000-8000-00000000000b"
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["WithdrawalQueue"];
                };
            };
            /** @description Bad Request. */
            400: components["responses"]["Status400"];
            /** @description Unauthorized. */
            401: components["responses"]["Status401"];
            /** @description Forbidden. */
            403: components["responses"]["Status403"];
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    withdrawal_details: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The withdrawal */
                withdrawal_id: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Where a withdrawal goes. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "details": "4276 1600 0000 1234"
                     *     }
                     */
                    "application/json": components["schemas"]["WithdrawalDetails"];
                };
            };
            /** @description Unauthorized. */
            401: components["responses"]["Status401"];
            /** @description Forbidden. */
            403: components["responses"]["Status403"];
            /** @description Not Found. */
            404: components["responses"]["Status404"];
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    pay_withdrawal: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The withdrawal */
                withdrawal_id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "reference": "77"
                 *     }
                 */
                "application/json": components["schemas"]["PayWithdrawal"];
            };
        };
        responses: {
            /** @description What was decided. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "state": "paid",
                     *       "success": true
                     *     }
                     */
                    "application/json": components["schemas"]["WithdrawalDecided"];
                };
            };
            /** @description Bad Request. */
            400: components["responses"]["Status400"];
            /** @description Unauthorized. */
            401: components["responses"]["Status401"];
            /**
             * @description - `forbidden`: the caller's role, or the way things are set up, does not allow it
             *     - `origin_not_allowed`: the page is of an origin that is not in PEERPACK_ALLOWED_ORIGINS
             *     - `wrong_party`: this step is the other party's
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {string} */
                        code?: "forbidden" | "origin_not_allowed" | "wrong_party";
                    };
                };
            };
            /** @description Not Found. */
            404: components["responses"]["Status404"];
            /**
             * @description - `conflict`: somebody else changed it at the same moment: try again
             *     - `illegal_transition`: not in this state
             *     - `payout_waits`: the payout details are new: the withdrawal is not paid yet
             */
            409: {
                headers: {
                    /** @description After how many seconds to try again, if that may help. */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {string} */
                        code?: "conflict" | "illegal_transition" | "payout_waits";
                    };
                };
            };
            /** @description Unprocessable Entity. */
            422: components["responses"]["Status422"];
            /**
             * @description - `unavailable`: something we need does not answer: again as `Retry-After` says
             *     - `busy`: too much is under way: again as `Retry-After` says
             *     - `payouts_frozen`: the books do not add up, or cannot be looked at: no money goes out until somebody has seen to it
             */
            503: {
                headers: {
                    /** @description After how many seconds to try again, if that may help. */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {string} */
                        code?: "unavailable" | "busy" | "payouts_frozen";
                    };
                };
            };
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    reject_withdrawal: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /** @description The withdrawal */
                withdrawal_id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "reason": "карта не читается"
                 *     }
                 */
                "application/json": components["schemas"]["RejectWithdrawal"];
            };
        };
        responses: {
            /** @description What was decided. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "state": "rejected",
                     *       "success": true
                     *     }
                     */
                    "application/json": components["schemas"]["WithdrawalDecided"];
                };
            };
            /** @description Bad Request. */
            400: components["responses"]["Status400"];
            /** @description Unauthorized. */
            401: components["responses"]["Status401"];
            /**
             * @description - `forbidden`: the caller's role, or the way things are set up, does not allow it
             *     - `origin_not_allowed`: the page is of an origin that is not in PEERPACK_ALLOWED_ORIGINS
             *     - `wrong_party`: this step is the other party's
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {string} */
                        code?: "forbidden" | "origin_not_allowed" | "wrong_party";
                    };
                };
            };
            /** @description Not Found. */
            404: components["responses"]["Status404"];
            /**
             * @description - `conflict`: somebody else changed it at the same moment: try again
             *     - `illegal_transition`: not in this state
             */
            409: {
                headers: {
                    /** @description After how many seconds to try again, if that may help. */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {string} */
                        code?: "conflict" | "illegal_transition";
                    };
                };
            };
            /** @description Unprocessable Entity. */
            422: components["responses"]["Status422"];
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    awaited_payments: {
        parameters: {
            query?: {
                /** @description `manual` if it is not said. */
                method?: components["schemas"]["PayInMethod"];
                /** @description What stands on the transfer. */
                reference?: string;
                /** @description The next page, as the last answer named it. */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description One's payments. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "payments": [
                     *         {
                     *           "amount": 500.55,
                     *           "charged_back": 0,
                     *           "created_at": "2026-11-21T15:32:30.418Z",
                     *           "currency": "RUB",
                     *           "expires_at": "2026-11-24T15:32:30.418Z",
                     *           "instructions": "Счёт 40702810000000000000, БИК 044525000",
                     *           "method": "manual",
                     *           "paid": 0,
                     *           "payment_id": "01990000-0000-7000-8000-000000000020",
                     *           "purpose": "top_up",
                     *           "reference": "PP-7K3QX-9M2TB",
                     *           "refunded": 0,
                     *           "refunds": [],
                     *           "status": "pending"
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["MyPayments"];
                };
            };
            /** @description Bad Request. */
            400: components["responses"]["Status400"];
            /** @description Unauthorized. */
            401: components["responses"]["Status401"];
            /** @description Forbidden. */
            403: components["responses"]["Status403"];
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    book_payment: {
        parameters: {
            query?: never;
            header?: {
                /** @description Names the call: with the same key it can be repeated for a day, with one effect and one answer. */
                "Idempotency-Key"?: string;
            };
            path: {
                /** @description The payment */
                payment_id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "amount": 500.55,
                 *       "charge_id": "77",
                 *       "evidence": "Выписка от 3 мая, строка 4"
                 *     }
                 */
                "application/json": components["schemas"]["BookPayment"];
            };
        };
        responses: {
            /** @description A payment. */
            200: {
                headers: {
                    /** @description `true` if this is the answer of an earlier call with the same key. */
                    "Idempotent-Replayed"?: boolean;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "amount": 500.55,
                     *       "charged_back": 0,
                     *       "created_at": "2026-11-21T15:32:30.418Z",
                     *       "currency": "RUB",
                     *       "expires_at": "2026-11-24T15:32:30.418Z",
                     *       "method": "manual",
                     *       "paid": 500.55,
                     *       "payment_id": "01990000-0000-7000-8000-000000000020",
                     *       "purpose": "top_up",
                     *       "reference": "PP-7K3QX-9M2TB",
                     *       "refunded": 0,
                     *       "refunds": [],
                     *       "status": "succeeded"
                     *     }
                     */
                    "application/json": components["schemas"]["Payment"];
                };
            };
            /** @description Bad Request. */
            400: components["responses"]["Status400"];
            /** @description Unauthorized. */
            401: components["responses"]["Status401"];
            /**
             * @description - `forbidden`: the caller's role, or the way things are set up, does not allow it
             *     - `origin_not_allowed`: the page is of an origin that is not in PEERPACK_ALLOWED_ORIGINS
             *     - `wrong_party`: this step is the other party's
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {string} */
                        code?: "forbidden" | "origin_not_allowed" | "wrong_party";
                    };
                };
            };
            /** @description Not Found. */
            404: components["responses"]["Status404"];
            /**
             * @description - `conflict`: somebody else changed it at the same moment: try again
             *     - `charge_known`: this transfer was booked for another payment
             *     - `in_progress`: the same call is still being carried out: ask again, as `Retry-After` says
             *     - `answered_before`: the same call was carried out a moment ago: ask again for its answer
             */
            409: {
                headers: {
                    /** @description After how many seconds to try again, if that may help. */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {string} */
                        code?: "conflict" | "charge_known" | "in_progress" | "answered_before";
                    };
                };
            };
            /**
             * @description - `invalid`: understood, but `fields` says what will not do
             *     - `key_reused`: the `Idempotency-Key` was used for another call
             */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {string} */
                        code?: "invalid" | "key_reused";
                    };
                };
            };
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    refund_payment: {
        parameters: {
            query?: never;
            header?: {
                /** @description Names the call: with the same key it can be repeated for a day, with one effect and one answer. */
                "Idempotency-Key"?: string;
            };
            path: {
                /** @description The payment */
                payment_id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "amount": 100,
                 *       "reason": "передумала"
                 *     }
                 */
                "application/json": components["schemas"]["RefundPayment"];
            };
        };
        responses: {
            /** @description A payment. */
            200: {
                headers: {
                    /** @description `true` if this is the answer of an earlier call with the same key. */
                    "Idempotent-Replayed"?: boolean;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "amount": 500.55,
                     *       "charged_back": 0,
                     *       "created_at": "2026-11-21T15:32:30.418Z",
                     *       "currency": "RUB",
                     *       "expires_at": "2026-11-24T15:32:30.418Z",
                     *       "method": "manual",
                     *       "paid": 500.55,
                     *       "payment_id": "01990000-0000-7000-8000-000000000020",
                     *       "purpose": "top_up",
                     *       "reference": "PP-7K3QX-9M2TB",
                     *       "refunded": 100,
                     *       "refunds": [
                     *         {
                     *           "amount": 100,
                     *           "at": "2026-11-21T16:02:30.418Z",
                     *           "reason": "передумала",
                     *           "refund_id": "01990000-0000-7000-8000-000000000021",
                     *           "status": "done"
                     *         }
                     *       ],
                     *       "status": "partly_refunded"
                     *     }
                     */
                    "application/json": components["schemas"]["Payment"];
                };
            };
            /** @description Bad Request. */
            400: components["responses"]["Status400"];
            /** @description Unauthorized. */
            401: components["responses"]["Status401"];
            /**
             * @description - `forbidden`: the caller's role, or the way things are set up, does not allow it
             *     - `origin_not_allowed`: the page is of an origin that is not in PEERPACK_ALLOWED_ORIGINS
             *     - `wrong_party`: this step is the other party's
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {string} */
                        code?: "forbidden" | "origin_not_allowed" | "wrong_party";
                    };
                };
            };
            /** @description Not Found. */
            404: components["responses"]["Status404"];
            /**
             * @description - `conflict`: somebody else changed it at the same moment: try again
             *     - `insufficient_funds`: there is not enough money: the sender's for the reward, or one's own to take out
             *     - `in_progress`: the same call is still being carried out: ask again, as `Retry-After` says
             *     - `answered_before`: the same call was carried out a moment ago: ask again for its answer
             */
            409: {
                headers: {
                    /** @description After how many seconds to try again, if that may help. */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {string} */
                        code?: "conflict" | "insufficient_funds" | "in_progress" | "answered_before";
                    };
                };
            };
            /**
             * @description - `invalid`: understood, but `fields` says what will not do
             *     - `key_reused`: the `Idempotency-Key` was used for another call
             */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {string} */
                        code?: "invalid" | "key_reused";
                    };
                };
            };
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    charge_back_payment: {
        parameters: {
            query?: never;
            header?: {
                /** @description Names the call: with the same key it can be repeated for a day, with one effect and one answer. */
                "Idempotency-Key"?: string;
            };
            path: {
                /** @description The payment */
                payment_id: string;
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "charge_id": "77"
                 *     }
                 */
                "application/json": components["schemas"]["ChargeBackPayment"];
            };
        };
        responses: {
            /** @description A payment. */
            200: {
                headers: {
                    /** @description `true` if this is the answer of an earlier call with the same key. */
                    "Idempotent-Replayed"?: boolean;
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "amount": 500.55,
                     *       "charged_back": 500.55,
                     *       "created_at": "2026-11-21T15:32:30.418Z",
                     *       "currency": "RUB",
                     *       "expires_at": "2026-11-24T15:32:30.418Z",
                     *       "method": "manual",
                     *       "paid": 500.55,
                     *       "payment_id": "01990000-0000-7000-8000-000000000020",
                     *       "purpose": "top_up",
                     *       "reference": "PP-7K3QX-9M2TB",
                     *       "refunded": 0,
                     *       "refunds": [],
                     *       "status": "charged_back"
                     *     }
                     */
                    "application/json": components["schemas"]["Payment"];
                };
            };
            /** @description Bad Request. */
            400: components["responses"]["Status400"];
            /** @description Unauthorized. */
            401: components["responses"]["Status401"];
            /**
             * @description - `forbidden`: the caller's role, or the way things are set up, does not allow it
             *     - `origin_not_allowed`: the page is of an origin that is not in PEERPACK_ALLOWED_ORIGINS
             *     - `wrong_party`: this step is the other party's
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {string} */
                        code?: "forbidden" | "origin_not_allowed" | "wrong_party";
                    };
                };
            };
            /** @description Not Found. */
            404: components["responses"]["Status404"];
            /**
             * @description - `conflict`: somebody else changed it at the same moment: try again
             *     - `in_progress`: the same call is still being carried out: ask again, as `Retry-After` says
             *     - `answered_before`: the same call was carried out a moment ago: ask again for its answer
             */
            409: {
                headers: {
                    /** @description After how many seconds to try again, if that may help. */
                    "Retry-After"?: number;
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {string} */
                        code?: "conflict" | "in_progress" | "answered_before";
                    };
                };
            };
            /**
             * @description - `invalid`: understood, but `fields` says what will not do
             *     - `key_reused`: the `Idempotency-Key` was used for another call
             */
            422: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {string} */
                        code?: "invalid" | "key_reused";
                    };
                };
            };
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    ledger: {
        parameters: {
            query?: {
                payment?: string;
                package?: string;
                user?: string;
                /** @description The next page, as the last answer named it. */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Entries of the books, oldest first. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "entries": [
                     *         {
                     *           "amount": 500.55,
                     *           "at": "2026-11-21T15:40:00.000Z",
                     *           "currency": "RUB",
                     *           "from": "manual_provider",
                     *           "key": "01990000-0000-7000-8000-000000000022:pay",
                     *           "to": "available",
                     *           "to_user": "01990000-0000-7000-8000-00000000000b"
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["Ledger"];
                };
            };
            /** @description Bad Request. */
            400: components["responses"]["Status400"];
            /** @description Unauthorized. */
            401: components["responses"]["Status401"];
            /** @description Forbidden. */
            403: components["responses"]["Status403"];
            /** @description Unprocessable Entity. */
            422: components["responses"]["Status422"];
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
    reconciliations: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description How the books agree with providers' lists. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "reconciliations": [
                     *         {
                     *           "at": "2026-11-21T16:00:00.000Z",
                     *           "compared": 2,
                     *           "differences": 1,
                     *           "examples": [
                     *             "charge c2 of 123.00 RUB is not in the books"
                     *           ],
                     *           "method": "webhook",
                     *           "since": "2026-11-18T16:00:00.000Z",
                     *           "until": "2026-11-21T16:00:00.000Z"
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["Reconciliations"];
                };
            };
            /** @description Unauthorized. */
            401: components["responses"]["Status401"];
            /** @description Forbidden. */
            403: components["responses"]["Status403"];
            /** @description Refused otherwise. */
            default: components["responses"]["Otherwise"];
        };
    };
}
