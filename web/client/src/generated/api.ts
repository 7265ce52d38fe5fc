// Generated from the description in docs/. Do not edit; `npm run generate` writes it.

export interface paths {
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
        /**
         * Ends a dispute: the courier is paid, or the sender gets the money back. It also ends a delivery that the sender says
         *     nothing to, and a deal that leads to no delivery, before the pickup or after it; of that one only the sender can be in the
         *     right, and the package looks for no other courier.
         */
        post: operations["resolve_dispute"];
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
    "/api/admin/withdrawals/{withdrawal_id}/pay": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * The money was sent. Refused while the stored data are not in order: they are looked at now if nobody has looked within the
         *     last hour.
         */
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
    "/api/auth/operator": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /** Signs an operator in. */
        post: operations["sign_in_operator"];
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
        /** Sends a code to a phone. The answer is the same whether or not the number is known. */
        post: operations["send_phone_code"];
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
    "/api/auth/second-factor": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Shows the second factor in this session, which has the operator's rights from then on. The first code confirms a new
         *     factor.
         */
        post: operations["show_second_factor"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
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
    "/api/auth/verify-otp": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Signs in with the code that came. Five wrong ones end it: five of whoever names the challenge, and five of all others,
         *     so that a stranger can spoil a code only for clients that do not name it.
         */
        post: operations["sign_in_with_phone_code"];
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
    "/api/cities": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Places by the beginning of a name, or around a point; the largest if nothing is asked. */
        get: operations["find_cities"];
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
    "/api/package-requests/{request_id}/dispute": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        /**
         * The sender says that a package was not delivered as agreed or, after its deadline, that it was not delivered at all. The
         *     money is set aside until an operator decides.
         */
        put: operations["dispute_delivery"];
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
        /**
         * Attaches a photograph of the package to a request, once, between the acceptance and the delivery; only its courier can.
         *     A JPEG, PNG or WebP file of at most 5 MiB, as `multipart/form-data`. It is kept for 90 days.
         */
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
    "/api/packages": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
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
    "/api/packages/{package_id}/explain": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Who was considered for one's own package, and why in or out, in words. Operators may ask about any package, and see
         *     scores.
         */
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
        /** A link by which anybody who has it can see where one's own package is, for 30 days. */
        post: operations["make_tracking_link"];
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
    "/api/tracking/{link}": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /** Where a package is, for whoever has the link. */
        get: operations["track_package"];
        put?: never;
        post?: never;
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
        /** Calls one's own trip off: open requests end, deals before pickup are called off, the money goes back. */
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
        /** Who asks for room on one's own trip. */
        get: operations["trip_requests"];
        put?: never;
        post?: never;
        delete?: never;
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
        /**
         * Deletes one's account: waiting packages and trips are called off, and in a week what names the person is gone.
         *     Until then signing in restores it. Refused while a deal is under way or money is left.
         */
        delete: operations["delete_account"];
        options?: never;
        head?: never;
        patch?: never;
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
        /**
         * Changes one's picture: a JPEG, PNG or WebP file of at most 5 MiB and 25 million pixels, as `multipart/form-data`. It
         *     is encoded anew, without anything that was in the file beside the picture.
         */
        post: operations["change_avatar"];
        /** Takes one's picture away. The one of Telegram does not come back by itself. */
        delete: operations["remove_avatar"];
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
        /**
         * Sends a document that shows who one is: a JPEG, PNG or WebP picture or a PDF file of at most 10 MiB, as
         *     `multipart/form-data`. A reviewer decides upon it. The same file again, while it waits, is the same document.
         */
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
    "/api/user/second-factor": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Begins to set up a second factor for an operator. What is answered is never shown again; until the first code was shown
         *     it protects nothing and can be begun anew.
         */
        post: operations["begin_second_factor"];
        /** Removes one's second factor, which has to be shown for it. Every session ends. */
        delete: operations["remove_second_factor"];
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
    "/api/user/withdraw": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Takes money out: at once out of the wallet, and by an operator's hand to its owner. Five withdrawals of one person wait at
         *     most.
         */
        post: operations["withdraw_money"];
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
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        /** @description It is so now. */
        AccountChanged: {
            success: boolean;
        };
        /** @description The account is going. */
        AccountDeleted: {
            /** @description Until then signing in again restores it. */
            restorable_until: string;
            success: boolean;
        };
        /** @description Somebody who is to sign in with a name and a password. */
        AddOperator: {
            login: string;
            /** @description What others see. */
            name: string;
            /** @description At least 12 characters. */
            password: string;
            /** @description `viewer`, `dispatcher` or `admin`. */
            role: string;
        };
        /** @description All were read. */
        AllRead: {
            /**
             * Format: int64
             * @description How many were not.
             */
            marked_count: number;
            success: boolean;
        };
        /** @description A courier was asked. */
        Asked: {
            request_id: string;
            success: boolean;
        };
        /** @description One's picture now. */
        AvatarSet: {
            /** @description The URL of the picture; empty without one. */
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
        /** @description Roubles. */
        BalanceView: {
            /**
             * Format: double
             * @description Free.
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
             * @description All of it.
             */
            total: number;
        };
        /** @description The last hour by route. */
        ByEndpoint: {
            /** @description The busiest first. */
            endpoints: components["schemas"]["EndpointStats"][];
        };
        /** @description The last hour by minute. */
        Chart: {
            /** @description Oldest first; minutes without requests are left out. */
            points: components["schemas"]["Minute"][];
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
            /** @description ISO 3166 code. */
            country: string;
            /** @description The gazetteer's id. */
            id: string;
            /** Format: double */
            lat: number;
            /** Format: double */
            lon: number;
            name_en: string;
            name_ru: string;
            /** @description IANA time zone. */
            tz: string;
        };
        /** @description A code is on its way. */
        CodeSent: {
            /** @description Names the code that was sent. Sent back with it, nobody else's guesses count. */
            challenge_id: string;
            /** @description Until when the code is good. */
            expires_at: string;
            message: string;
        };
        /** @description A code. */
        CodeView: {
            /** @description Six digits. */
            code: string;
            /** @description The same for a QR code. */
            qr: string;
        };
        /** @description The codes of a deal, for its sender. */
        Codes: {
            delivery?: components["schemas"]["CodeView"] | null;
            pickup?: components["schemas"]["CodeView"] | null;
        };
        /** @description What is wrong. */
        Complaint: {
            /** @description In one's own words; the courier reads it, too. */
            reason: string;
        };
        /** @description How to reach a person. */
        Contact: {
            /** @description Empty if unknown. */
            telegram_link: string;
            /** @description Without `@`; empty if unknown. */
            telegram_username: string;
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
            /** @description Whether the courier has shown who they are. */
            verified: boolean;
        };
        /** @description Couriers on their way. */
        Couriers: {
            /** @description In the order that was asked for. */
            couriers: components["schemas"]["CourierView"][];
            /** @description Where the next page starts. A page can have few couriers, or none, although there are more. */
            next_cursor?: string | null;
        };
        /** @description The database. */
        DatabaseHealth: {
            /** @description `sqlite` or `postgres`. */
            kind: string;
            /** Format: int64 */
            latencyMs: number;
            /** @description `ok` or `down`. */
            status: string;
        };
        /** @description What was decided. */
        Decided: {
            /** @description `paid` or `rejected`. */
            state: string;
            success: boolean;
        };
        /** @description Why not. */
        Decline: {
            /** @description In one's own words. */
            reason?: string | null;
        };
        /** @description Why not. */
        DeclineDocument: {
            /** @description For the owner. */
            reason: string;
        };
        /** @description A dispute. */
        DisputeView: {
            courier_id: string;
            courier_name: string;
            currency: string;
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
            new_status: string;
            success: boolean;
        };
        /** @description A link to look at a document. */
        DocumentLink: {
            expires_at: string;
            /** @description For the reviewer who asked, with their token; under the server's own address. */
            path: string;
        };
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
        /** @description A document as its owner sees it. */
        DocumentView: {
            created_at: string;
            decided_at?: string | null;
            id: string;
            /** @description Whether the file is still kept; it goes 30 days after the decision. */
            is_kept: boolean;
            /** @description `image/jpeg` or `application/pdf`. */
            media_type: string;
            /** @description Why it was declined. */
            reason?: string | null;
            /** Format: int64 */
            size_bytes: number;
            /** @description `pending`, `approved` or `declined`. */
            status: string;
        };
        /** @description It was taken back. */
        DocumentWithdrawn: {
            success: boolean;
        };
        /** @description Who would see a package. */
        DryRun: components["schemas"]["Reach"] & {
            /** @description How many trips touch an end of the package and would not see it, by reason. */
            reasons: {
                [key: string]: number;
            };
            /** @description In words, English. */
            text_en: string;
            /** @description In words, Russian. */
            text_ru: string;
            /** @description The same for 20 % more reward. */
            with_more_reward: components["schemas"]["Reach"];
        };
        /** @description A route in the last hour. */
        EndpointStats: components["schemas"]["Stats"] & {
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
        /** @description The money that was set aside. */
        EscrowInfo: {
            /**
             * Format: double
             * @description Roubles.
             */
            amount_frozen: number;
            /** @description `escrow`. */
            payment_method: string;
            refund_policy: string;
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
            package_id: string;
            /** @description How many trips were left out, by reason. */
            reasons: {
                [key: string]: number;
            };
            /** @description Requests made so far, by state. */
            requests: {
                [key: string]: number;
            };
            state: string;
            /** @description The best first, then those left out. */
            verdicts: components["schemas"]["VerdictView"][];
        };
        /** @description The link that the server printed, and who comes with it. */
        FirstAdmin: {
            /** @description From the link. */
            invitation: string;
            login: string;
            /** @description What others see. */
            name: string;
            /** @description At least 12 characters. */
            password: string;
        };
        /** @description How the server is. */
        Health: {
            database: components["schemas"]["DatabaseHealth"];
            /** @description What lives on this node. */
            engine: components["schemas"]["EngineHealth"];
            memory: components["schemas"]["Memory"];
            redis: components["schemas"]["RedisHealth"];
            /** @description `ok` or `degraded`. */
            status: string;
            timestamp: string;
            /**
             * Format: int64
             * @description Seconds since the start.
             */
            uptime: number;
            version: string;
        };
        /** @description What Telegram hands to the Mini App. */
        InitData: {
            /** @description The signed query string. */
            init_data: string;
        };
        /** @description An access token with the operator's rights. The refresh token stays. */
        Lifted: {
            access_token: string;
            /**
             * Format: int32
             * @description How long it is good, in seconds.
             */
            expires_in: number;
            /** @description `viewer`, `dispatcher` or `admin`. */
            role: string;
        };
        /** @description Memory of the process. */
        Memory: {
            /** Format: int64 */
            rssMB: number;
        };
        /** @description A minute. */
        Minute: components["schemas"]["Stats"] & {
            /** @description Its beginning. */
            minute: string;
        };
        /** @description One's own documents. */
        MyDocuments: {
            /** @description Newest first. */
            documents: components["schemas"]["DocumentView"][];
            /** @description Whether one of them was approved. */
            verified: boolean;
        };
        /** @description One's own packages. */
        MyPackages: {
            /** @description Newest first. */
            packages: components["schemas"]["PackageView"][];
        };
        /** @description One's own trips. */
        MyTrips: {
            /** @description Newest first. */
            trips: components["schemas"]["TripView"][];
        };
        /** @description A package to publish. */
        NewPackage: {
            /**
             * Format: date-time
             * @description When the sender wants to know the courier at the latest. Until then a courier who accepts has *agreed*
             *     (`request.agreed`): nothing is held, and a better one may still be found. The deal (room and money, in one
             *     transaction) is made at this moment, or shortly before the courier sets off if that is earlier; the others hear
             *     that it is taken. A courier who accepts later gets the package at once. Only with mode `instant`; not after
             *     `deliver_by`.
             * @default null
             */
            confirm_by?: string | null;
            /**
             * @description The sender's word that nothing forbidden is inside.
             * @default null
             */
            contents_confirmed?: boolean | null;
            /**
             * Format: date-time
             * @description Not after; 14 days later if absent.
             * @default null
             */
            deliver_by?: string | null;
            /**
             * @description Where exactly it goes.
             * @default null
             */
            delivery_address?: string | null;
            /**
             * @description What it is.
             * @default null
             */
            description?: string | null;
            /** @default null */
            dropoff?: components["schemas"]["Point"] | null;
            /**
             * @description Where it starts, by name.
             * @default null
             * @example Владимир
             */
            from?: string | null;
            /**
             * @description Whether the courier has to show a code at the pickup and at the delivery.
             * @default false
             */
            hand_over_codes?: boolean;
            /**
             * @description Which promise holds. `instant`: the engine offers it, and the first courier to accept gets it, at once; with
             *     `confirm_by`, couriers' acceptances stand side by side until then, and the engine takes the best. `choose`:
             *     couriers respond, the sender picks.
             * @default null
             */
            mode?: string | null;
            /** @default null */
            pickup?: components["schemas"]["Point"] | null;
            /**
             * @description Where exactly it starts.
             * @default null
             */
            pickup_address?: string | null;
            /**
             * Format: date-time
             * @description Not before; now if absent.
             * @default null
             */
            ready_at?: string | null;
            /**
             * Format: double
             * @description What the courier earns, roubles, the platform's fee included.
             * @default null
             */
            reward?: number | null;
            /**
             * @description `xs`, `s`, `m` or `l`.
             * @default null
             */
            size?: string | null;
            /**
             * @description Labels.
             * @default []
             */
            tags?: string[];
            /**
             * @description A pattern to publish from.
             * @default false
             */
            template?: boolean;
            /**
             * @description Where it goes, by name.
             * @default null
             * @example Казань
             */
            to?: string | null;
            /**
             * Format: int32
             * @description Millilitres; instead of `size`.
             * @default null
             */
            volume_ml?: number | null;
            /**
             * @description `light`, `medium`, `heavy` or `very_heavy`.
             * @default null
             */
            weight?: string | null;
            /**
             * Format: int32
             * @description Grams; instead of `weight`.
             * @default null
             */
            weight_g?: number | null;
        };
        /** @description A courier's answer to a package: with a published trip, or with one that is still to be published. */
        NewResponse: {
            /**
             * @description Its airport or station.
             * @default null
             */
            airport?: string | null;
            /**
             * @description Words to the sender.
             * @default null
             */
            comment?: string | null;
            /**
             * @description Instead of a trip: the day of one, `YYYY-MM-DD`, local date of the package's place.
             * @default null
             */
            date?: string | null;
            /**
             * Format: double
             * @description What the courier asks, roubles; the package's reward if absent.
             * @default null
             */
            price?: number | null;
            /**
             * @description Its time, `HH:MM` or `HH:MM → HH:MM`.
             * @default null
             */
            time?: string | null;
            /**
             * @description The trip that would carry it.
             * @default null
             */
            trip_id?: string | null;
        };
        /** @description Another role. */
        NewRole: {
            /** @description `user`, `viewer`, `dispatcher` or `admin`. */
            role: string;
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
        /** @description A trip to publish, in either spelling of the Mini App. */
        NewTrip: {
            /** @description Airport or station. */
            airport?: string | null;
            /** @description `small`, `medium`, `large` or `xl`. */
            capacity?: string | null;
            /**
             * Format: int32
             * @description Capacity in grams.
             */
            capacity_g?: number | null;
            /**
             * @description Departure, `YYYY-MM-DD`, local time of the origin.
             * @example 2026-12-01
             */
            date: string;
            /**
             * @description Origin, by name.
             * @example Москва
             */
            from: string;
            /**
             * Format: int32
             * @description The extra way the courier accepts in all, minutes.
             */
            max_detour_min?: number | null;
            /** @description Ignored: the signed-in user counts. */
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
            stops?: components["schemas"]["StopInput"][];
            /**
             * @description `HH:MM` or `HH:MM → HH:MM`, local time of the origin.
             * @example 08:00 → 20:00
             */
            time: string;
            /**
             * @description Destination, by name.
             * @example Казань
             */
            to: string;
            /** @description `plane`, `train`, `car`, `bus` or `foot`. */
            transportType?: string | null;
            /** @description Words to senders. */
            trip_comment?: string | null;
            /**
             * Format: int32
             * @description Capacity in millilitres; unlimited if absent.
             */
            volume_ml?: number | null;
        };
        /** @description Something one should know. */
        NotificationView: {
            /** @description Where the client goes when it is tapped. */
            action_url: string;
            /** Format: double */
            amount?: number | null;
            courier_name?: string | null;
            date?: string | null;
            decline_reason?: string | null;
            /** @description What the sender says is wrong, while the dispute is open. */
            dispute_reason?: string | null;
            id: string;
            is_read: boolean;
            message: string;
            package_description?: string | null;
            /** Format: double */
            reward?: number | null;
            /** @description `Москва → Казань`. */
            route?: string | null;
            sender_name?: string | null;
            timestamp: string;
            title: string;
            transaction_id?: string | null;
            trip_date?: string | null;
            /**
             * @description `package_request_response`, `package_request_declined`, `package_delivered`, `new_courier_available`,
             *     `trip_request_received`, `payment_received`, `reminder`, `document_reviewed`, `dispute_opened` or
             *     `dispute_resolved`. A courier in whose favour an operator decided gets `payment_received`.
             */
            type: string;
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
        /** @description An operator was taken on. */
        OperatorAdded: {
            success: boolean;
            user_id: string;
        };
        /** @description An operator's name and password. */
        OperatorLogin: {
            /** @description Of the authenticator, or a recovery code. It can also be shown afterwards. */
            code?: string | null;
            login: string;
            password: string;
        };
        /** @description A package was called off. */
        PackageCancelled: {
            /** @description `cancelled`. */
            state: string;
            success: boolean;
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
        /** @description A package as its sender sees it. */
        PackageView: {
            completedAt?: string | null;
            created_at: string;
            description: string;
            from: string;
            /** @description Whether the courier has to show codes. */
            hand_over_codes: boolean;
            id: string;
            /** @description `instant` or `choose`. */
            mode: string;
            responses: components["schemas"]["ResponseView"][];
            /** Format: double */
            reward: number;
            selectedCourier?: string | null;
            size: string;
            /** @description Our own finer state. */
            state: string;
            /** @description `active`, `waiting`, `template` or `completed`. */
            status: string;
            tags: string[];
            to: string;
            /** Format: int32 */
            usage_count: number;
            /**
             * Format: int64
             * @description Counts changes.
             */
            version: number;
            weight: string;
        };
        /** @description A package of the past. */
        PastTrip: {
            date: string;
            from: string;
            /** @description Whether the package arrived. */
            success: boolean;
            to: string;
        };
        /** @description A number. */
        PhoneLogin: {
            /**
             * @description With the code of the country.
             * @example +7 900 123-45-67
             */
            phone: string;
        };
        /** @description The photograph is attached. */
        PhotoAttached: {
            success: boolean;
        };
        /** @description A point on Earth. */
        Point: {
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
        /** @description A position in one's own stream. */
        Position: {
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
        /** @description The body of an error, as RFC 9457 has it and with our own members. */
        Problem: {
            /** @description Stable, for programs. */
            code: string;
            /** @description What is wrong, field by field, in the language of `message`. */
            fields?: {
                [key: string]: string;
            };
            /** @description For people: in Russian if `Accept-Language` prefers it to English, otherwise in English. */
            message: string;
            /** @description Names this request in the server's log. */
            request_id?: string | null;
            /**
             * Format: int32
             * @description The HTTP status.
             */
            status: number;
            /** @description What may have been meant. */
            suggestions?: string[];
            /** @description The name of the status. */
            title: string;
            /** @description `urn:peerpack:problem:` and the code. */
            type: string;
        };
        /** @description What one changes about oneself; what is absent stays. */
        ProfileChange: {
            /**
             * @description Language tag, such as `ru` or `en-GB`.
             * @default null
             */
            language?: string | null;
            /**
             * @description What others see.
             * @default null
             */
            name?: string | null;
        };
        /** @description A user as they see themselves. */
        ProfileView: {
            /** @description The URL of their picture; empty without one. */
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
            role: string;
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
        /** @description Withdrawals that wait for an operator. */
        Queue: {
            /** @description Where the next page starts. */
            next_cursor?: string | null;
            /** @description Whether no money is to be sent now: the stored data are not in order, or cannot be looked at, and `pay` is refused. */
            payouts_frozen: boolean;
            /** @description Oldest first. */
            withdrawals: components["schemas"]["QueuedView"][];
        };
        /** @description A document that waits. */
        QueuedDocument: {
            created_at: string;
            id: string;
            /** @description `image/jpeg` or `application/pdf`. */
            media_type: string;
            /** Format: int64 */
            size_bytes: number;
            user_id: string;
            user_name: string;
        };
        /** @description A withdrawal that waits. */
        QueuedView: {
            /**
             * Format: double
             * @description Roubles.
             */
            amount: number;
            created_at: string;
            id: string;
            method: string;
            user_id: string;
        };
        /** @description How far a reward reaches. */
        Reach: {
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
        /** @description It was read. */
        Read: {
            success: boolean;
        };
        /** @description Whether to send requests here. */
        Ready: {
            ready: boolean;
            /** @description Why not. */
            reasons: string[];
        };
        /** @description Redis. */
        RedisHealth: {
            /** @description `ok`, `down` or `not_configured`. */
            status: string;
        };
        /** @description A refresh token. */
        Refresh: {
            /** @description As it was handed out. */
            refresh_token: string;
        };
        /** @description Who is in the right. */
        Resolution: {
            /** @description `courier`: the reward is paid. `sender`: the sender gets the money back. */
            in_favour_of: string;
        };
        /** @description The dispute is over. */
        Resolved: {
            /** @description The state of the request now: `confirmed` or `cancelled`. */
            new_status: string;
            success: boolean;
        };
        /** @description A response was made. */
        Responded: {
            response_id: string;
            success: boolean;
        };
        /** @description A courier's part in a package, in both spellings. */
        ResponseView: {
            airport: string;
            comment: string;
            courierAvatar: string;
            courierId: string;
            courierName: string;
            /** Format: double */
            courierRating: number;
            courier_avatar: string;
            courier_id: string;
            courier_name: string;
            /** Format: double */
            courier_rating: number;
            date: string;
            id: string;
            isNew: boolean;
            is_new: boolean;
            message: string;
            /** Format: double */
            price: number;
            /** @description Our own finer state. */
            state: string;
            /** @description `pending`, `accepted`, `selected` or `declined`. */
            status: string;
            telegramUsername: string;
            telegram_username: string;
            time: string;
            timestamp: string;
            trip_id: string;
        };
        /** @description The responses to a package. */
        Responses: {
            /** @description Oldest first. */
            responses: components["schemas"]["ResponseView"][];
        };
        /** @description What one says about the other party of a deal. */
        ReviewInput: {
            /**
             * Format: int64
             * @description 1 to 5.
             */
            rating: number;
            /** @description In words. */
            text?: string | null;
        };
        /** @description It is kept. */
        ReviewKept: {
            success: boolean;
        };
        /** @description What somebody says. */
        ReviewView: {
            date: string;
            /** @description Who says it. */
            name: string;
            /** Format: int32 */
            rating: number;
            text: string;
        };
        /** @description What the authenticator shows, or a recovery code. */
        SecondFactorCode: {
            code: string;
        };
        /**
         * @description What becomes of an operator's rights in a session.
         * @enum {string}
         */
        SecondFactorIs: "show" | "set_up";
        /** @description Which response is chosen. */
        Select: {
            response_id: string;
        };
        /** @description A courier was chosen. */
        Selected: {
            courier_contact: components["schemas"]["Contact"];
            escrow_info: components["schemas"]["EscrowInfo"];
            success: boolean;
        };
        /** @description What a sender asks a courier, in any of three spellings: an existing package, a new one, or flat. */
        SendPackage: {
            /**
             * @description Whether `package_data` describes a new package.
             * @default false
             */
            is_new_package?: boolean;
            /**
             * @description Words to the courier.
             * @default null
             */
            message?: string | null;
            /**
             * @description Flat spelling: what the new package is.
             * @default null
             */
            packageDescription?: string | null;
            /** @default null */
            package_data?: components["schemas"]["NewPackage"] | null;
            /**
             * @description An existing package.
             * @default null
             */
            package_id?: string | null;
            /**
             * Format: double
             * @description Flat spelling: the reward of a new package, roubles.
             * @default null
             */
            reward?: number | null;
        };
        /** @description Whom to ask. */
        SendTo: {
            /** @description The courier or one of their trips. */
            courier_id: string;
            /** @description Words to the courier. */
            message?: string | null;
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
        /** @description The code that was shown at the hand-over, if the package asks for one. */
        Shown: {
            /** @description Six digits. */
            code?: string | null;
        };
        /** @description Tokens of a signed-in user. */
        SignedIn: {
            /** @description For the `Authorization` header. */
            access_token: string;
            /**
             * Format: int32
             * @description How long the access token is good, in seconds.
             */
            expires_in: number;
            /** @description Whether this is the first time. */
            is_new: boolean;
            /** @description For another access token, once. */
            refresh_token: string;
            second_factor?: components["schemas"]["SecondFactorIs"] | null;
            /** @description Who. */
            user: components["schemas"]["UserView"];
        };
        /** @description Somebody is signed out. */
        SignedOut: {
            success: boolean;
        };
        /**
         * @description What comes first.
         * @enum {string}
         */
        Sort: "time" | "price" | "rating" | "detour";
        /** @description The last hour in a few numbers. */
        Stats: {
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
        /** @description A step was taken, or had been taken before. */
        Step: {
            balance_update?: components["schemas"]["BalanceUpdate"] | null;
            /** @description The state of the request now. */
            new_status: string;
            success: boolean;
        };
        /** @description A place on the way. */
        StopInput: string | components["schemas"]["StopPlace"];
        /** @description A place on the way, with more said about it. */
        StopPlace: {
            /**
             * Format: date-time
             * @description When the courier gets there; worked out if absent.
             */
            arrive_at?: string | null;
            /**
             * Format: double
             * @description or by a point.
             */
            lat?: number | null;
            /**
             * Format: double
             * @description Degrees east.
             */
            lon?: number | null;
            /** @description By name, */
            name?: string | null;
            /**
             * Format: int32
             * @description by the gazetteer's id,
             */
            place_id?: number | null;
        };
        /** @description Where things stand. Of more than 200 packages or trips those that are under way are here, and the newest of the others. */
        Sync: {
            /** @description One's own packages with their requests. */
            packages: components["schemas"]["PackageView"][];
            /** @description Taken before the state was read. Events up to it are in the state; those after it may be, and are applied again. */
            position: components["schemas"]["Position"];
            /** @description Requests and offers on one's own live trips. */
            requests: components["schemas"]["TripRequestView"][];
            server_time: string;
            /** @description One's own trips. */
            trips: components["schemas"]["TripView"][];
        };
        /** @description A ticket for one socket. */
        Ticket: {
            /**
             * Format: int32
             * @description Seconds.
             */
            expires_in: number;
            /** @description Goes into the address of the socket: `/ws?ticket=..`. */
            ticket: string;
        };
        /** @description Where a package is, for whoever has the link. */
        Tracking: {
            /** @description The first name of the courier, once there is one. */
            courier_name?: string | null;
            /** @description When the courier is expected, local time of the destination: `YYYY-MM-DD HH:MM`. */
            expected?: string | null;
            from: string;
            /** @description When the state was entered. */
            since?: string | null;
            /** @description `open`, `assigned`, `in_transit`, `delivered`, `confirmed` or `cancelled`. */
            state: string;
            to: string;
        };
        /** @description A link. */
        TrackingLink: {
            expires_at: string;
            /** @description The same as data. */
            json_path: string;
            /** @description To open in a browser; under the server's own address. */
            path: string;
        };
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
            /**
             * @description `completed`; `pending` for money on its way out that no operator has sent yet, `rejected` for money that was to go out
             *     and came back, which is a movement of its own.
             */
            status: string;
            /** @description `fund`, `hold`, `deliver`, `dispute`, `release`, `fee`, `refund` or `withdrawal`. */
            type: string;
        };
        /** @description A trip was called off. */
        TripCancelled: {
            /** @description `cancelled`. */
            state: string;
            success: boolean;
        };
        /** @description A trip was published. */
        TripPublished: {
            /** @description Always true. */
            success: boolean;
            /** @description Its id. */
            trip_id: string;
        };
        /** @description A request as the courier sees it. */
        TripRequestView: {
            decline_reason?: string | null;
            delivery_location: string;
            /** @description When an offer ends at the latest. */
            expires_at?: string | null;
            id: string;
            is_new: boolean;
            message: string;
            /** @description Who started it: `sender`, `courier` or `engine`. */
            origin: string;
            package_description: string;
            package_id: string;
            pickup_location: string;
            /** Format: double */
            reward: number;
            sender_avatar: string;
            sender_name: string;
            sender_telegram: string;
            /** @description Our own finer state. */
            state: string;
            /** @description `pending`, `accepted`, `delivered`, `confirmed` or `declined`. */
            status: string;
            timestamp: string;
            trip_id: string;
        };
        /** @description The requests of a trip. */
        TripRequestsView: {
            /** @description Newest first. */
            requests: components["schemas"]["TripRequestView"][];
        };
        /** @description A trip with its courier's profile folded in, as the Mini App shows it. */
        TripView: {
            /** @description Airport or station; empty if none. */
            airport: string;
            /** @description The URL of the courier's picture; empty if none. */
            avatar: string;
            /** @description Room left on each leg, grams. */
            capacity_left_g: number[];
            /** @description Departure, local date of the origin. */
            date: string;
            /** @description Origin. */
            from: string;
            /** @description The trip's id. */
            id: string;
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
            state: string;
            /** @description The places of the route, in order. */
            stops: string[];
            /** @description `HH:MM → HH:MM`, local time of the origin. */
            time: string;
            /** @description Destination. */
            to: string;
            /** @description How the courier travels. */
            transport: string;
            /** @description The same in the other spelling. */
            tripComment: string;
            /** @description Words to senders. */
            trip_comment: string;
            /**
             * Format: int64
             * @description Packages the courier has carried to a confirmed end.
             */
            trips_count: number;
            /**
             * Format: int64
             * @description Counts changes.
             */
            version: number;
        };
        /** @description A form with one file in it. Other parts are ignored. */
        UploadForm: {
            /**
             * Format: binary
             * @description The file. Its name and declared type do not count.
             */
            file: string;
        };
        /** @description A user as they see themselves. */
        UserView: {
            /** @description The URL of their picture; empty without one. */
            avatar: string;
            /** @description Their id. */
            id: string;
            /** @description Language tag. */
            language?: string | null;
            /** @description Their name. */
            name: string;
            /** @description `user`, `viewer`, `dispatcher` or `admin`. */
            role: string;
            /**
             * Format: int64
             * @description Their Telegram account.
             */
            telegram_id?: number | null;
            /** @description Telegram name, without `@`. */
            username?: string | null;
        };
        /** @description What was found about one trip. */
        VerdictView: {
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
        /** @description The code that came. */
        VerifyCode: {
            /**
             * Format: uuid
             * @description As it came when the code was asked for. Without it the latest code of the phone is meant.
             */
            challenge_id?: string | null;
            /** @description Six digits. */
            code: string;
            phone: string;
        };
        /** @description One's money. */
        Wallet: {
            balance: components["schemas"]["BalanceView"];
            /** @description Newest first. */
            transactions: components["schemas"]["TransactionView"][];
        };
        /** @description Money to take out. */
        Withdraw: {
            /**
             * Format: double
             * @description Roubles: at least 100, or all there is.
             */
            amount?: number | null;
            /** @description Where to: a card, a phone number of a payment system. */
            method?: string | null;
        };
        /** @description Money is on its way out. */
        Withdrawn: {
            /** @description An operator has decided by then. */
            estimated_completion: string;
            success: boolean;
            withdrawal_id: string;
        };
    };
    responses: {
        /**
         * @description - `bad_request`: not understood: malformed, of another type, or with fields that are not known
         *     - `unauthorized`: nobody is signed in
         *     - `invalid_token`: the token is not ours, or its session has ended: sign in again
         *     - `token_expired`: the access token is too old: refresh it
         *     - `forbidden`: the caller's role, or the way things are set up, does not allow it
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
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /** @enum {string} */
                    code?: "bad_request" | "unauthorized" | "invalid_token" | "token_expired" | "forbidden" | "not_found" | "method_not_allowed" | "too_slow" | "conflict" | "too_large" | "unsupported_media_type" | "invalid" | "upgrade_required" | "too_many" | "internal" | "unavailable" | "busy";
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
        /** @description - `forbidden`: the caller's role, or the way things are set up, does not allow it */
        Status403: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"] & {
                    /** @enum {string} */
                    code?: "forbidden";
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
            400: components["responses"]["Status400"];
            401: components["responses"]["Status401"];
            403: components["responses"]["Status403"];
            default: components["responses"]["Otherwise"];
        };
    };
    resolve_dispute: {
        parameters: {
            query?: never;
            header?: never;
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
                "application/json": components["schemas"]["Resolution"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "new_status": "cancelled",
                     *       "success": true
                     *     }
                     */
                    "application/json": components["schemas"]["Resolved"];
                };
            };
            400: components["responses"]["Status400"];
            401: components["responses"]["Status401"];
            /**
             * @description - `forbidden`: the caller's role, or the way things are set up, does not allow it
             *     - `wrong_party`: this step is the other party's
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {string} */
                        code?: "forbidden" | "wrong_party";
                    };
                };
            };
            404: components["responses"]["Status404"];
            /**
             * @description - `conflict`: somebody else changed it at the same moment: try again
             *     - `illegal_transition`: not in this state
             *     - `in_progress`: the same call is still being carried out: ask again, as `Retry-After` says
             *     - `answered_before`: the same call was carried out a moment ago: ask again for its answer
             */
            409: {
                headers: {
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
            400: components["responses"]["Status400"];
            401: components["responses"]["Status401"];
            403: components["responses"]["Status403"];
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
            401: components["responses"]["Status401"];
            403: components["responses"]["Status403"];
            404: components["responses"]["Status404"];
            /**
             * @description - `conflict`: somebody else changed it at the same moment: try again
             *     - `own_account`: another administrator has to do this
             *     - `already_decided`: the document was decided upon
             */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {string} */
                        code?: "conflict" | "own_account" | "already_decided";
                    };
                };
            };
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
            400: components["responses"]["Status400"];
            401: components["responses"]["Status401"];
            403: components["responses"]["Status403"];
            404: components["responses"]["Status404"];
            /**
             * @description - `conflict`: somebody else changed it at the same moment: try again
             *     - `own_account`: another administrator has to do this
             *     - `already_decided`: the document was decided upon
             */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {string} */
                        code?: "conflict" | "own_account" | "already_decided";
                    };
                };
            };
            422: components["responses"]["Status422"];
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
                    "image/jpeg": number[];
                    "application/pdf": number[];
                };
            };
            401: components["responses"]["Status401"];
            403: components["responses"]["Status403"];
            404: components["responses"]["Status404"];
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
            401: components["responses"]["Status401"];
            403: components["responses"]["Status403"];
            404: components["responses"]["Status404"];
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
                "application/json": components["schemas"]["AddOperator"];
            };
        };
        responses: {
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
            400: components["responses"]["Status400"];
            401: components["responses"]["Status401"];
            403: components["responses"]["Status403"];
            /**
             * @description - `conflict`: somebody else changed it at the same moment: try again
             *     - `login_taken`: somebody else has this login
             */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {string} */
                        code?: "conflict" | "login_taken";
                    };
                };
            };
            422: components["responses"]["Status422"];
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
                    "application/json": components["schemas"]["Chart"];
                };
            };
            401: components["responses"]["Status401"];
            403: components["responses"]["Status403"];
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
                    "application/json": components["schemas"]["ByEndpoint"];
                };
            };
            401: components["responses"]["Status401"];
            403: components["responses"]["Status403"];
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
                    "application/json": components["schemas"]["Stats"];
                };
            };
            401: components["responses"]["Status401"];
            403: components["responses"]["Status403"];
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
            401: components["responses"]["Status401"];
            403: components["responses"]["Status403"];
            404: components["responses"]["Status404"];
            /**
             * @description - `conflict`: somebody else changed it at the same moment: try again
             *     - `own_account`: another administrator has to do this
             */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {string} */
                        code?: "conflict" | "own_account";
                    };
                };
            };
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
            400: components["responses"]["Status400"];
            401: components["responses"]["Status401"];
            403: components["responses"]["Status403"];
            404: components["responses"]["Status404"];
            /**
             * @description - `conflict`: somebody else changed it at the same moment: try again
             *     - `own_account`: another administrator has to do this
             */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {string} */
                        code?: "conflict" | "own_account";
                    };
                };
            };
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
            401: components["responses"]["Status401"];
            403: components["responses"]["Status403"];
            404: components["responses"]["Status404"];
            /**
             * @description - `conflict`: somebody else changed it at the same moment: try again
             *     - `own_account`: another administrator has to do this
             */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {string} */
                        code?: "conflict" | "own_account";
                    };
                };
            };
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
            401: components["responses"]["Status401"];
            403: components["responses"]["Status403"];
            404: components["responses"]["Status404"];
            /**
             * @description - `conflict`: somebody else changed it at the same moment: try again
             *     - `own_account`: another administrator has to do this
             */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {string} */
                        code?: "conflict" | "own_account";
                    };
                };
            };
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
                     *           "method": "СБП +7 900 123-45-67",
                     *           "user_id": "01990000-0000-7000-8000-00000000000b"
                     *         },
                     *         {
                     *           "amount": 100,
                     *           "created_at": "2026-11-21T15:32:30.420Z",
                     *           "id": "01990000-0000-7000-8000-000000000011",
                     *           "method": "СБП +7 900 123-45-67",
                     *           "user_id": "01990000-0000-7000-8000-00000000000b"
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["Queue"];
                };
            };
            400: components["responses"]["Status400"];
            401: components["responses"]["Status401"];
            403: components["responses"]["Status403"];
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
        requestBody?: never;
        responses: {
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
                    "application/json": components["schemas"]["Decided"];
                };
            };
            401: components["responses"]["Status401"];
            /**
             * @description - `forbidden`: the caller's role, or the way things are set up, does not allow it
             *     - `wrong_party`: this step is the other party's
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {string} */
                        code?: "forbidden" | "wrong_party";
                    };
                };
            };
            404: components["responses"]["Status404"];
            /**
             * @description - `conflict`: somebody else changed it at the same moment: try again
             *     - `illegal_transition`: not in this state
             */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {string} */
                        code?: "conflict" | "illegal_transition";
                    };
                };
            };
            /**
             * @description - `unavailable`: something we need does not answer: again as `Retry-After` says
             *     - `busy`: too much is under way: again as `Retry-After` says
             *     - `payouts_frozen`: the books do not add up, or cannot be looked at: no money goes out until somebody has seen to it
             */
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {string} */
                        code?: "unavailable" | "busy" | "payouts_frozen";
                    };
                };
            };
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
        requestBody?: never;
        responses: {
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
                    "application/json": components["schemas"]["Decided"];
                };
            };
            401: components["responses"]["Status401"];
            /**
             * @description - `forbidden`: the caller's role, or the way things are set up, does not allow it
             *     - `wrong_party`: this step is the other party's
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {string} */
                        code?: "forbidden" | "wrong_party";
                    };
                };
            };
            404: components["responses"]["Status404"];
            /**
             * @description - `conflict`: somebody else changed it at the same moment: try again
             *     - `illegal_transition`: not in this state
             */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {string} */
                        code?: "conflict" | "illegal_transition";
                    };
                };
            };
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
                "application/json": components["schemas"]["FirstAdmin"];
            };
        };
        responses: {
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
            422: components["responses"]["Status422"];
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
            401: components["responses"]["Status401"];
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
            401: components["responses"]["Status401"];
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
             *     - `invalid_code`: the code is wrong or no longer good
             *     - `blocked`: the account is shut out
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {string} */
                        code?: "forbidden" | "invalid_code" | "blocked";
                    };
                };
            };
            429: components["responses"]["Status429"];
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
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "challenge_id": "01990000-0000-7000-8000-000000000002",
                     *       "expires_at": "2026-11-21T15:37:27.377Z",
                     *       "message": "Код отправлен"
                     *     }
                     */
                    "application/json": components["schemas"]["CodeSent"];
                };
            };
            400: components["responses"]["Status400"];
            403: components["responses"]["Status403"];
            422: components["responses"]["Status422"];
            429: components["responses"]["Status429"];
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
                "application/json": components["schemas"]["Refresh"];
            };
        };
        responses: {
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
            400: components["responses"]["Status400"];
            401: components["responses"]["Status401"];
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
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "access_token": "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIuLi4ifQ.c2lnbmF0dXJl",
                     *       "expires_in": 900,
                     *       "role": "admin"
                     *     }
                     */
                    "application/json": components["schemas"]["Lifted"];
                };
            };
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
             *     - `invalid_code`: the code is wrong or no longer good
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {string} */
                        code?: "forbidden" | "invalid_code";
                    };
                };
            };
            429: components["responses"]["Status429"];
            default: components["responses"]["Otherwise"];
        };
    };
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
                "application/json": components["schemas"]["InitData"];
            };
        };
        responses: {
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
                     *         "avatar": "",
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
             *     - `blocked`: the account is shut out
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {string} */
                        code?: "forbidden" | "blocked";
                    };
                };
            };
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
                     *         "avatar": "",
                     *         "id": "01990000-0000-7000-8000-000000000003",
                     *         "language": null,
                     *         "name": "+… 4567",
                     *         "role": "user",
                     *         "telegram_id": null,
                     *         "username": null
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["SignedIn"];
                };
            };
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
             *     - `invalid_code`: the code is wrong or no longer good
             *     - `blocked`: the account is shut out
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {string} */
                        code?: "forbidden" | "invalid_code" | "blocked";
                    };
                };
            };
            422: components["responses"]["Status422"];
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
                    "image/jpeg": number[];
                };
            };
            /** @description It is as the caller knows it */
            304: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            404: components["responses"]["Status404"];
            default: components["responses"]["Otherwise"];
        };
    };
    find_cities: {
        parameters: {
            query?: {
                /** @description The beginning of a name, in Russian or English. */
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
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "cities": [
                     *         "Казань",
                     *         "Казенга"
                     *       ],
                     *       "places": [
                     *         {
                     *           "country": "RU",
                     *           "id": "551487",
                     *           "lat": 55.78874,
                     *           "lon": 49.12214,
                     *           "name_en": "Kazan",
                     *           "name_ru": "Казань",
                     *           "tz": "Europe/Moscow"
                     *         },
                     *         {
                     *           "country": "AO",
                     *           "id": "2591949",
                     *           "lat": -8.83796,
                     *           "lon": 13.28399,
                     *           "name_en": "Cazenga",
                     *           "name_ru": "Казенга",
                     *           "tz": "Africa/Luanda"
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["Cities"];
                };
            };
            400: components["responses"]["Status400"];
            422: components["responses"]["Status422"];
            default: components["responses"]["Otherwise"];
        };
    };
    search_couriers: {
        parameters: {
            query?: {
                /** @description Where the package starts, by name. */
                from?: string;
                /** @description Where it goes, by name. */
                to?: string;
                /** @description The earliest departure, `YYYY-MM-DD`, local date of the origin. */
                date_from?: string;
                /** @description The latest departure, `YYYY-MM-DD`, local date of the origin. */
                date_to?: string;
                /** @description So many days earlier and later will do, up to 14. */
                flex_days?: number;
                /** @description Only trips with room for `light`, `medium`, `heavy` or `very_heavy`. */
                weight?: string;
                /** @description Only couriers who ask at most this, roubles. */
                max_price?: number;
                /** @description Only `plane`, `train`, `car`, `bus` or `foot`. */
                transport?: string;
                /** @description Only couriers with at least this rating, 1 to 5. */
                min_rating?: number;
                /** @description `time` (soonest first, the default), `price`, `rating` (best first) or `detour`. */
                sort?: components["schemas"]["Sort"];
                /** @description The next page, as the last answer named it. */
                cursor?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
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
                     *           "avatar": "",
                     *           "capacity_left_g": [
                     *             9000,
                     *             9000
                     *           ],
                     *           "courier_id": "01990000-0000-7000-8000-00000000000b",
                     *           "date": "2026-11-23",
                     *           "from": "Москва",
                     *           "id": "01990000-0000-7000-8000-000000000009",
                     *           "name": "Ivan",
                     *           "past_trips": [
                     *             {
                     *               "date": "2026-11-23",
                     *               "from": "Москва",
                     *               "success": true,
                     *               "to": "Казань"
                     *             }
                     *           ],
                     *           "price": 300,
                     *           "rating": 5,
                     *           "reviews": [
                     *             {
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
                     *             "Нижний Новгород"
                     *           ],
                     *           "telegram_username": "ivan",
                     *           "time": "08:00 → 22:00",
                     *           "to": "Казань",
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
                     *           "avatar": "",
                     *           "capacity_left_g": [
                     *             10000,
                     *             10000
                     *           ],
                     *           "courier_id": "01990000-0000-7000-8000-000000000004",
                     *           "date": "2026-11-23",
                     *           "from": "Москва",
                     *           "id": "01990000-0000-7000-8000-00000000000c",
                     *           "name": "Oleg",
                     *           "past_trips": [
                     *             {
                     *               "date": "2026-11-23",
                     *               "from": "Москва",
                     *               "success": false,
                     *               "to": "Казань"
                     *             }
                     *           ],
                     *           "price": 300,
                     *           "rating": 0,
                     *           "reviews": [],
                     *           "reviews_count": 0,
                     *           "state": "active",
                     *           "stops": [
                     *             "Москва",
                     *             "Нижний Новгород"
                     *           ],
                     *           "telegram_username": "oleg",
                     *           "time": "08:00 → 22:00",
                     *           "to": "Казань",
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
            400: components["responses"]["Status400"];
            422: components["responses"]["Status422"];
            default: components["responses"]["Otherwise"];
        };
    };
    send_package: {
        parameters: {
            query?: never;
            header?: never;
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
            201: {
                headers: {
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
            400: components["responses"]["Status400"];
            401: components["responses"]["Status401"];
            404: components["responses"]["Status404"];
            /**
             * @description - `conflict`: somebody else changed it at the same moment: try again
             *     - `already_requested`: this courier was asked about this package already
             *     - `too_many_requests`: too many couriers were asked about this package
             *     - `illegal_transition`: not in this state
             *     - `already_taken`: another courier has the package
             *     - `expired`: too late: the offer or the package has run out
             *     - `trip_not_live`: the trip is over or called off
             *     - `no_room`: the trip has no room left for it
             *     - `in_progress`: the same call is still being carried out: ask again, as `Retry-After` says
             *     - `answered_before`: the same call was carried out a moment ago: ask again for its answer
             */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {string} */
                        code?: "conflict" | "already_requested" | "too_many_requests" | "illegal_transition" | "already_taken" | "expired" | "trip_not_live" | "no_room" | "in_progress" | "answered_before";
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
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
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
                    "application/json": components["schemas"]["Ready"];
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
                    "application/json": components["schemas"]["Ready"];
                };
            };
            503: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/json": components["schemas"]["Ready"];
                };
            };
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
                    "application/json": components["schemas"]["AllRead"];
                };
            };
            401: components["responses"]["Status401"];
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
                    "application/json": components["schemas"]["Read"];
                };
            };
            401: components["responses"]["Status401"];
            404: components["responses"]["Status404"];
            default: components["responses"]["Otherwise"];
        };
    };
    accept_request: {
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
            200: {
                headers: {
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
                    "application/json": components["schemas"]["Step"];
                };
            };
            401: components["responses"]["Status401"];
            /**
             * @description - `forbidden`: the caller's role, or the way things are set up, does not allow it
             *     - `wrong_party`: this step is the other party's
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {string} */
                        code?: "forbidden" | "wrong_party";
                    };
                };
            };
            404: components["responses"]["Status404"];
            /**
             * @description - `conflict`: somebody else changed it at the same moment: try again
             *     - `no_room`: the trip has no room left for it
             *     - `insufficient_funds`: there is not enough money
             *     - `illegal_transition`: not in this state
             *     - `already_taken`: another courier has the package
             *     - `expired`: too late: the offer or the package has run out
             *     - `trip_not_live`: the trip is over or called off
             *     - `in_progress`: the same call is still being carried out: ask again, as `Retry-After` says
             *     - `answered_before`: the same call was carried out a moment ago: ask again for its answer
             */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {string} */
                        code?: "conflict" | "no_room" | "insufficient_funds" | "illegal_transition" | "already_taken" | "expired" | "trip_not_live" | "in_progress" | "answered_before";
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
            default: components["responses"]["Otherwise"];
        };
    };
    cancel_request: {
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
            200: {
                headers: {
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
                    "application/json": components["schemas"]["Step"];
                };
            };
            401: components["responses"]["Status401"];
            /**
             * @description - `forbidden`: the caller's role, or the way things are set up, does not allow it
             *     - `wrong_party`: this step is the other party's
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {string} */
                        code?: "forbidden" | "wrong_party";
                    };
                };
            };
            404: components["responses"]["Status404"];
            /**
             * @description - `conflict`: somebody else changed it at the same moment: try again
             *     - `illegal_transition`: not in this state
             *     - `already_taken`: another courier has the package
             *     - `expired`: too late: the offer or the package has run out
             *     - `trip_not_live`: the trip is over or called off
             *     - `in_progress`: the same call is still being carried out: ask again, as `Retry-After` says
             *     - `answered_before`: the same call was carried out a moment ago: ask again for its answer
             */
            409: {
                headers: {
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
                    "application/json": components["schemas"]["Codes"];
                };
            };
            401: components["responses"]["Status401"];
            404: components["responses"]["Status404"];
            default: components["responses"]["Otherwise"];
        };
    };
    confirm_delivery: {
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
            200: {
                headers: {
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
                    "application/json": components["schemas"]["Step"];
                };
            };
            401: components["responses"]["Status401"];
            /**
             * @description - `forbidden`: the caller's role, or the way things are set up, does not allow it
             *     - `wrong_party`: this step is the other party's
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {string} */
                        code?: "forbidden" | "wrong_party";
                    };
                };
            };
            404: components["responses"]["Status404"];
            /**
             * @description - `conflict`: somebody else changed it at the same moment: try again
             *     - `illegal_transition`: not in this state
             *     - `already_taken`: another courier has the package
             *     - `expired`: too late: the offer or the package has run out
             *     - `trip_not_live`: the trip is over or called off
             *     - `in_progress`: the same call is still being carried out: ask again, as `Retry-After` says
             *     - `answered_before`: the same call was carried out a moment ago: ask again for its answer
             */
            409: {
                headers: {
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
            default: components["responses"]["Otherwise"];
        };
    };
    decline_request: {
        parameters: {
            query?: never;
            header?: never;
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
                "application/json": components["schemas"]["Decline"] | null;
            };
        };
        responses: {
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
                    "application/json": components["schemas"]["Step"];
                };
            };
            400: components["responses"]["Status400"];
            401: components["responses"]["Status401"];
            /**
             * @description - `forbidden`: the caller's role, or the way things are set up, does not allow it
             *     - `wrong_party`: this step is the other party's
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {string} */
                        code?: "forbidden" | "wrong_party";
                    };
                };
            };
            404: components["responses"]["Status404"];
            /**
             * @description - `conflict`: somebody else changed it at the same moment: try again
             *     - `illegal_transition`: not in this state
             *     - `already_taken`: another courier has the package
             *     - `expired`: too late: the offer or the package has run out
             *     - `trip_not_live`: the trip is over or called off
             *     - `in_progress`: the same call is still being carried out: ask again, as `Retry-After` says
             *     - `answered_before`: the same call was carried out a moment ago: ask again for its answer
             */
            409: {
                headers: {
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
            default: components["responses"]["Otherwise"];
        };
    };
    dispute_delivery: {
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
                /**
                 * @example {
                 *       "reason": "Коробка пуста"
                 *     }
                 */
                "application/json": components["schemas"]["Complaint"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "new_status": "disputed",
                     *       "success": true
                     *     }
                     */
                    "application/json": components["schemas"]["Step"];
                };
            };
            400: components["responses"]["Status400"];
            401: components["responses"]["Status401"];
            /**
             * @description - `forbidden`: the caller's role, or the way things are set up, does not allow it
             *     - `wrong_party`: this step is the other party's
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {string} */
                        code?: "forbidden" | "wrong_party";
                    };
                };
            };
            404: components["responses"]["Status404"];
            /**
             * @description - `conflict`: somebody else changed it at the same moment: try again
             *     - `illegal_transition`: not in this state
             *     - `in_progress`: the same call is still being carried out: ask again, as `Retry-After` says
             *     - `answered_before`: the same call was carried out a moment ago: ask again for its answer
             */
            409: {
                headers: {
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
            default: components["responses"]["Otherwise"];
        };
    };
    mark_delivered: {
        parameters: {
            query?: never;
            header?: never;
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
                "application/json": components["schemas"]["Shown"] | null;
            };
        };
        responses: {
            200: {
                headers: {
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
                    "application/json": components["schemas"]["Step"];
                };
            };
            401: components["responses"]["Status401"];
            /**
             * @description - `forbidden`: the caller's role, or the way things are set up, does not allow it
             *     - `wrong_party`: this step is the other party's
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {string} */
                        code?: "forbidden" | "wrong_party";
                    };
                };
            };
            404: components["responses"]["Status404"];
            /**
             * @description - `conflict`: somebody else changed it at the same moment: try again
             *     - `illegal_transition`: not in this state
             *     - `already_taken`: another courier has the package
             *     - `expired`: too late: the offer or the package has run out
             *     - `trip_not_live`: the trip is over or called off
             *     - `in_progress`: the same call is still being carried out: ask again, as `Retry-After` says
             *     - `answered_before`: the same call was carried out a moment ago: ask again for its answer
             */
            409: {
                headers: {
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
            default: components["responses"]["Otherwise"];
        };
    };
    mark_picked_up: {
        parameters: {
            query?: never;
            header?: never;
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
                "application/json": components["schemas"]["Shown"] | null;
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "new_status": "picked_up",
                     *       "success": true
                     *     }
                     */
                    "application/json": components["schemas"]["Step"];
                };
            };
            401: components["responses"]["Status401"];
            /**
             * @description - `forbidden`: the caller's role, or the way things are set up, does not allow it
             *     - `wrong_party`: this step is the other party's
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {string} */
                        code?: "forbidden" | "wrong_party";
                    };
                };
            };
            404: components["responses"]["Status404"];
            /**
             * @description - `conflict`: somebody else changed it at the same moment: try again
             *     - `illegal_transition`: not in this state
             *     - `already_taken`: another courier has the package
             *     - `expired`: too late: the offer or the package has run out
             *     - `trip_not_live`: the trip is over or called off
             *     - `in_progress`: the same call is still being carried out: ask again, as `Retry-After` says
             *     - `answered_before`: the same call was carried out a moment ago: ask again for its answer
             */
            409: {
                headers: {
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
                    "image/jpeg": number[];
                };
            };
            401: components["responses"]["Status401"];
            404: components["responses"]["Status404"];
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
            400: components["responses"]["Status400"];
            401: components["responses"]["Status401"];
            /**
             * @description - `forbidden`: the caller's role, or the way things are set up, does not allow it
             *     - `wrong_party`: this step is the other party's
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {string} */
                        code?: "forbidden" | "wrong_party";
                    };
                };
            };
            404: components["responses"]["Status404"];
            /**
             * @description - `conflict`: somebody else changed it at the same moment: try again
             *     - `illegal_transition`: not in this state
             *     - `photo_attached`: there is a photograph already, and it stays
             */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {string} */
                        code?: "conflict" | "illegal_transition" | "photo_attached";
                    };
                };
            };
            413: components["responses"]["Status413"];
            415: components["responses"]["Status415"];
            422: components["responses"]["Status422"];
            429: components["responses"]["Status429"];
            default: components["responses"]["Otherwise"];
        };
    };
    review_delivery: {
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
                /**
                 * @example {
                 *       "rating": 5,
                 *       "text": "Спасибо!"
                 *     }
                 */
                "application/json": components["schemas"]["ReviewInput"];
            };
        };
        responses: {
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
                    "application/json": components["schemas"]["ReviewKept"];
                };
            };
            400: components["responses"]["Status400"];
            401: components["responses"]["Status401"];
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
            default: components["responses"]["Otherwise"];
        };
    };
    publish_package: {
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
            201: {
                headers: {
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
            400: components["responses"]["Status400"];
            401: components["responses"]["Status401"];
            /**
             * @description - `conflict`: somebody else changed it at the same moment: try again
             *     - `in_progress`: the same call is still being carried out: ask again, as `Retry-After` says
             *     - `answered_before`: the same call was carried out a moment ago: ask again for its answer
             */
            409: {
                headers: {
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
                    "application/json": components["schemas"]["DryRun"];
                };
            };
            400: components["responses"]["Status400"];
            401: components["responses"]["Status401"];
            422: components["responses"]["Status422"];
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
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "created_at": "2026-11-21T15:32:29.496Z",
                     *       "description": "Книги, одна коробка",
                     *       "from": "Москва",
                     *       "hand_over_codes": true,
                     *       "id": "01990000-0000-7000-8000-000000000008",
                     *       "mode": "choose",
                     *       "responses": [
                     *         {
                     *           "airport": "",
                     *           "comment": "Возьму",
                     *           "courierAvatar": "",
                     *           "courierId": "01990000-0000-7000-8000-00000000000b",
                     *           "courierName": "Ivan",
                     *           "courierRating": 0,
                     *           "courier_avatar": "",
                     *           "courier_id": "01990000-0000-7000-8000-00000000000b",
                     *           "courier_name": "Ivan",
                     *           "courier_rating": 0,
                     *           "date": "2026-11-23",
                     *           "id": "01990000-0000-7000-8000-00000000000a",
                     *           "isNew": false,
                     *           "is_new": false,
                     *           "message": "Возьму",
                     *           "price": 450,
                     *           "state": "accepted",
                     *           "status": "selected",
                     *           "telegramUsername": "ivan",
                     *           "telegram_username": "ivan",
                     *           "time": "08:00 → 22:00",
                     *           "timestamp": "2026-11-21T15:32:29.544Z",
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
                     *       "usage_count": 0,
                     *       "version": 3,
                     *       "weight": "light"
                     *     }
                     */
                    "application/json": components["schemas"]["PackageView"];
                };
            };
            401: components["responses"]["Status401"];
            404: components["responses"]["Status404"];
            default: components["responses"]["Otherwise"];
        };
    };
    cancel_package: {
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
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "state": "cancelled",
                     *       "success": true
                     *     }
                     */
                    "application/json": components["schemas"]["PackageCancelled"];
                };
            };
            401: components["responses"]["Status401"];
            404: components["responses"]["Status404"];
            /**
             * @description - `conflict`: somebody else changed it at the same moment: try again
             *     - `illegal_transition`: not in this state
             *     - `in_progress`: the same call is still being carried out: ask again, as `Retry-After` says
             *     - `answered_before`: the same call was carried out a moment ago: ask again for its answer
             */
            409: {
                headers: {
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
            401: components["responses"]["Status401"];
            404: components["responses"]["Status404"];
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
                     *           "comment": "Возьму",
                     *           "courierAvatar": "",
                     *           "courierId": "01990000-0000-7000-8000-00000000000b",
                     *           "courierName": "Ivan",
                     *           "courierRating": 0,
                     *           "courier_avatar": "",
                     *           "courier_id": "01990000-0000-7000-8000-00000000000b",
                     *           "courier_name": "Ivan",
                     *           "courier_rating": 0,
                     *           "date": "2026-11-23",
                     *           "id": "01990000-0000-7000-8000-00000000000a",
                     *           "isNew": true,
                     *           "is_new": true,
                     *           "message": "Возьму",
                     *           "price": 450,
                     *           "state": "pending",
                     *           "status": "pending",
                     *           "telegramUsername": "ivan",
                     *           "telegram_username": "ivan",
                     *           "time": "08:00 → 22:00",
                     *           "timestamp": "2026-11-21T15:32:29.544Z",
                     *           "trip_id": "01990000-0000-7000-8000-000000000009"
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["Responses"];
                };
            };
            401: components["responses"]["Status401"];
            404: components["responses"]["Status404"];
            default: components["responses"]["Otherwise"];
        };
    };
    respond_to_package: {
        parameters: {
            query?: never;
            header?: never;
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
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "response_id": "01990000-0000-7000-8000-00000000000a",
                     *       "success": true
                     *     }
                     */
                    "application/json": components["schemas"]["Responded"];
                };
            };
            400: components["responses"]["Status400"];
            401: components["responses"]["Status401"];
            404: components["responses"]["Status404"];
            /**
             * @description - `conflict`: somebody else changed it at the same moment: try again
             *     - `already_requested`: this courier was asked about this package already
             *     - `too_many_requests`: too many couriers were asked about this package
             *     - `illegal_transition`: not in this state
             *     - `already_taken`: another courier has the package
             *     - `expired`: too late: the offer or the package has run out
             *     - `trip_not_live`: the trip is over or called off
             *     - `no_room`: the trip has no room left for it
             *     - `in_progress`: the same call is still being carried out: ask again, as `Retry-After` says
             *     - `answered_before`: the same call was carried out a moment ago: ask again for its answer
             */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {string} */
                        code?: "conflict" | "already_requested" | "too_many_requests" | "illegal_transition" | "already_taken" | "expired" | "trip_not_live" | "no_room" | "in_progress" | "answered_before";
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
            default: components["responses"]["Otherwise"];
        };
    };
    select_courier: {
        parameters: {
            query?: never;
            header?: never;
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
                "application/json": components["schemas"]["Select"];
            };
        };
        responses: {
            200: {
                headers: {
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
                    "application/json": components["schemas"]["Selected"];
                };
            };
            400: components["responses"]["Status400"];
            401: components["responses"]["Status401"];
            /**
             * @description - `forbidden`: the caller's role, or the way things are set up, does not allow it
             *     - `wrong_party`: this step is the other party's
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {string} */
                        code?: "forbidden" | "wrong_party";
                    };
                };
            };
            404: components["responses"]["Status404"];
            /**
             * @description - `conflict`: somebody else changed it at the same moment: try again
             *     - `illegal_transition`: not in this state
             *     - `already_taken`: another courier has the package
             *     - `expired`: too late: the offer or the package has run out
             *     - `trip_not_live`: the trip is over or called off
             *     - `no_room`: the trip has no room left for it
             *     - `insufficient_funds`: there is not enough money
             *     - `in_progress`: the same call is still being carried out: ask again, as `Retry-After` says
             *     - `answered_before`: the same call was carried out a moment ago: ask again for its answer
             */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {string} */
                        code?: "conflict" | "illegal_transition" | "already_taken" | "expired" | "trip_not_live" | "no_room" | "insufficient_funds" | "in_progress" | "answered_before";
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
            default: components["responses"]["Otherwise"];
        };
    };
    send_to_courier: {
        parameters: {
            query?: never;
            header?: never;
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
                "application/json": components["schemas"]["SendTo"];
            };
        };
        responses: {
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "request_id": "01990000-0000-7000-8000-00000000000f",
                     *       "success": true
                     *     }
                     */
                    "application/json": components["schemas"]["Asked"];
                };
            };
            400: components["responses"]["Status400"];
            401: components["responses"]["Status401"];
            404: components["responses"]["Status404"];
            /**
             * @description - `conflict`: somebody else changed it at the same moment: try again
             *     - `already_requested`: this courier was asked about this package already
             *     - `too_many_requests`: too many couriers were asked about this package
             *     - `illegal_transition`: not in this state
             *     - `already_taken`: another courier has the package
             *     - `expired`: too late: the offer or the package has run out
             *     - `trip_not_live`: the trip is over or called off
             *     - `no_room`: the trip has no room left for it
             *     - `in_progress`: the same call is still being carried out: ask again, as `Retry-After` says
             *     - `answered_before`: the same call was carried out a moment ago: ask again for its answer
             */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {string} */
                        code?: "conflict" | "already_requested" | "too_many_requests" | "illegal_transition" | "already_taken" | "expired" | "trip_not_live" | "no_room" | "in_progress" | "answered_before";
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
            401: components["responses"]["Status401"];
            404: components["responses"]["Status404"];
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
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "packages": [
                     *         {
                     *           "completedAt": "2026-11-21T15:32:30.409Z",
                     *           "created_at": "2026-11-21T15:32:30.284Z",
                     *           "description": "Книги, одна коробка",
                     *           "from": "Москва",
                     *           "hand_over_codes": false,
                     *           "id": "01990000-0000-7000-8000-00000000000d",
                     *           "mode": "choose",
                     *           "responses": [
                     *             {
                     *               "airport": "",
                     *               "comment": "Возьмёте?",
                     *               "courierAvatar": "",
                     *               "courierId": "01990000-0000-7000-8000-00000000000b",
                     *               "courierName": "Ivan",
                     *               "courierRating": 5,
                     *               "courier_avatar": "",
                     *               "courier_id": "01990000-0000-7000-8000-00000000000b",
                     *               "courier_name": "Ivan",
                     *               "courier_rating": 5,
                     *               "date": "2026-11-23",
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
                     *               "trip_id": "01990000-0000-7000-8000-000000000009"
                     *             },
                     *             {
                     *               "airport": "",
                     *               "comment": "Возьмёте?",
                     *               "courierAvatar": "",
                     *               "courierId": "01990000-0000-7000-8000-000000000004",
                     *               "courierName": "Oleg",
                     *               "courierRating": 0,
                     *               "courier_avatar": "",
                     *               "courier_id": "01990000-0000-7000-8000-000000000004",
                     *               "courier_name": "Oleg",
                     *               "courier_rating": 0,
                     *               "date": "2026-11-23",
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
                     *           "usage_count": 0,
                     *           "version": 7,
                     *           "weight": "light"
                     *         },
                     *         {
                     *           "completedAt": "2026-11-21T15:32:30.203Z",
                     *           "created_at": "2026-11-21T15:32:29.496Z",
                     *           "description": "Книги, одна коробка",
                     *           "from": "Москва",
                     *           "hand_over_codes": true,
                     *           "id": "01990000-0000-7000-8000-000000000008",
                     *           "mode": "choose",
                     *           "responses": [
                     *             {
                     *               "airport": "",
                     *               "comment": "Возьму",
                     *               "courierAvatar": "",
                     *               "courierId": "01990000-0000-7000-8000-00000000000b",
                     *               "courierName": "Ivan",
                     *               "courierRating": 5,
                     *               "courier_avatar": "",
                     *               "courier_id": "01990000-0000-7000-8000-00000000000b",
                     *               "courier_name": "Ivan",
                     *               "courier_rating": 5,
                     *               "date": "2026-11-23",
                     *               "id": "01990000-0000-7000-8000-00000000000a",
                     *               "isNew": false,
                     *               "is_new": false,
                     *               "message": "Возьму",
                     *               "price": 450,
                     *               "state": "confirmed",
                     *               "status": "selected",
                     *               "telegramUsername": "ivan",
                     *               "telegram_username": "ivan",
                     *               "time": "08:00 → 22:00",
                     *               "timestamp": "2026-11-21T15:32:29.544Z",
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
                     *           "usage_count": 0,
                     *           "version": 6,
                     *           "weight": "light"
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
                    "application/json": components["schemas"]["Sync"];
                };
            };
            401: components["responses"]["Status401"];
            503: components["responses"]["Status503"];
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
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "courier_name": "Ivan",
                     *       "expected": "2026-11-23 22:00",
                     *       "from": "Москва",
                     *       "since": "2026-11-21T15:32:29.619Z",
                     *       "state": "assigned",
                     *       "to": "Казань"
                     *     }
                     */
                    "application/json": components["schemas"]["Tracking"];
                };
            };
            404: components["responses"]["Status404"];
            default: components["responses"]["Otherwise"];
        };
    };
    publish_trip: {
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
            201: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "success": true,
                     *       "trip_id": "01990000-0000-7000-8000-000000000009"
                     *     }
                     */
                    "application/json": components["schemas"]["TripPublished"];
                };
            };
            400: components["responses"]["Status400"];
            401: components["responses"]["Status401"];
            /**
             * @description - `conflict`: somebody else changed it at the same moment: try again
             *     - `in_progress`: the same call is still being carried out: ask again, as `Retry-After` says
             *     - `answered_before`: the same call was carried out a moment ago: ask again for its answer
             */
            409: {
                headers: {
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
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "airport": "",
                     *       "avatar": "",
                     *       "capacity_left_g": [
                     *         10000,
                     *         10000
                     *       ],
                     *       "date": "2026-11-23",
                     *       "from": "Москва",
                     *       "id": "01990000-0000-7000-8000-000000000009",
                     *       "name": "Ivan",
                     *       "price": 300,
                     *       "rating": 0,
                     *       "reviews_count": 0,
                     *       "state": "active",
                     *       "stops": [
                     *         "Москва",
                     *         "Нижний Новгород"
                     *       ],
                     *       "time": "08:00 → 22:00",
                     *       "to": "Казань",
                     *       "transport": "car",
                     *       "tripComment": "Еду один, место есть",
                     *       "trip_comment": "Еду один, место есть",
                     *       "trips_count": 0,
                     *       "version": 1
                     *     }
                     */
                    "application/json": components["schemas"]["TripView"];
                };
            };
            401: components["responses"]["Status401"];
            404: components["responses"]["Status404"];
            default: components["responses"]["Otherwise"];
        };
    };
    cancel_trip: {
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
            200: {
                headers: {
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
            401: components["responses"]["Status401"];
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
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "requests": [
                     *         {
                     *           "delivery_location": "Казань, ул. Мира, 2",
                     *           "id": "01990000-0000-7000-8000-00000000000a",
                     *           "is_new": false,
                     *           "message": "Возьму",
                     *           "origin": "courier",
                     *           "package_description": "Книги, одна коробка",
                     *           "package_id": "01990000-0000-7000-8000-000000000008",
                     *           "pickup_location": "Москва, ул. Ленина, 1",
                     *           "reward": 450,
                     *           "sender_avatar": "",
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
            401: components["responses"]["Status401"];
            404: components["responses"]["Status404"];
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
            401: components["responses"]["Status401"];
            /**
             * @description - `conflict`: somebody else changed it at the same moment: try again
             *     - `operator`: an administrator has to take the role away first
             *     - `open_deals`: a deal is still under way
             *     - `money_left`: there is money in the wallet, or on its way out of it
             */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {string} */
                        code?: "conflict" | "operator" | "open_deals" | "money_left";
                    };
                };
            };
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
            400: components["responses"]["Status400"];
            401: components["responses"]["Status401"];
            413: components["responses"]["Status413"];
            415: components["responses"]["Status415"];
            422: components["responses"]["Status422"];
            429: components["responses"]["Status429"];
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
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "avatar": "",
                     *       "success": true
                     *     }
                     */
                    "application/json": components["schemas"]["AvatarSet"];
                };
            };
            401: components["responses"]["Status401"];
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
            401: components["responses"]["Status401"];
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
            401: components["responses"]["Status401"];
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
            400: components["responses"]["Status400"];
            401: components["responses"]["Status401"];
            /**
             * @description - `conflict`: somebody else changed it at the same moment: try again
             *     - `too_many_documents`: too many documents wait for a decision
             */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {string} */
                        code?: "conflict" | "too_many_documents";
                    };
                };
            };
            413: components["responses"]["Status413"];
            415: components["responses"]["Status415"];
            422: components["responses"]["Status422"];
            429: components["responses"]["Status429"];
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
            401: components["responses"]["Status401"];
            404: components["responses"]["Status404"];
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
                     *           "id": "3",
                     *           "is_read": false,
                     *           "message": "Oleg едет Москва → Казань, 2026-11-23",
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
            400: components["responses"]["Status400"];
            401: components["responses"]["Status401"];
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
                     *           "description": "Книги, одна коробка",
                     *           "from": "Москва",
                     *           "hand_over_codes": true,
                     *           "id": "01990000-0000-7000-8000-000000000008",
                     *           "mode": "choose",
                     *           "responses": [
                     *             {
                     *               "airport": "",
                     *               "comment": "Возьму",
                     *               "courierAvatar": "",
                     *               "courierId": "01990000-0000-7000-8000-00000000000b",
                     *               "courierName": "Ivan",
                     *               "courierRating": 0,
                     *               "courier_avatar": "",
                     *               "courier_id": "01990000-0000-7000-8000-00000000000b",
                     *               "courier_name": "Ivan",
                     *               "courier_rating": 0,
                     *               "date": "2026-11-23",
                     *               "id": "01990000-0000-7000-8000-00000000000a",
                     *               "isNew": true,
                     *               "is_new": true,
                     *               "message": "Возьму",
                     *               "price": 450,
                     *               "state": "pending",
                     *               "status": "pending",
                     *               "telegramUsername": "ivan",
                     *               "telegram_username": "ivan",
                     *               "time": "08:00 → 22:00",
                     *               "timestamp": "2026-11-21T15:32:29.544Z",
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
                     *           "usage_count": 0,
                     *           "version": 2,
                     *           "weight": "light"
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["MyPackages"];
                };
            };
            401: components["responses"]["Status401"];
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
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "avatar": "",
                     *       "created_at": "2026-11-21T15:32:27.136Z",
                     *       "id": "01990000-0000-7000-8000-00000000000b",
                     *       "language": "ru",
                     *       "name": "Ivan",
                     *       "past_trips": [
                     *         {
                     *           "date": "2026-11-23",
                     *           "from": "Москва",
                     *           "success": true,
                     *           "to": "Казань"
                     *         }
                     *       ],
                     *       "rating": 5,
                     *       "reviews": [
                     *         {
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
            401: components["responses"]["Status401"];
            default: components["responses"]["Otherwise"];
        };
    };
    change_profile: {
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
                 *       "language": "ru",
                 *       "name": "Анна Б."
                 *     }
                 */
                "application/json": components["schemas"]["ProfileChange"];
            };
        };
        responses: {
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "avatar": "",
                     *       "created_at": "2026-11-21T15:32:26.957Z",
                     *       "id": "01990000-0000-7000-8000-000000000001",
                     *       "language": "ru",
                     *       "name": "Анна Б.",
                     *       "past_trips": [],
                     *       "rating": 5,
                     *       "reviews": [
                     *         {
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
            400: components["responses"]["Status400"];
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
            422: components["responses"]["Status422"];
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
            401: components["responses"]["Status401"];
            403: components["responses"]["Status403"];
            /**
             * @description - `conflict`: somebody else changed it at the same moment: try again
             *     - `second_factor_exists`: the old second factor has to be removed first
             */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {string} */
                        code?: "conflict" | "second_factor_exists";
                    };
                };
            };
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
             *     - `invalid_code`: the code is wrong or no longer good
             */
            403: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {string} */
                        code?: "forbidden" | "invalid_code";
                    };
                };
            };
            429: components["responses"]["Status429"];
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
            401: components["responses"]["Status401"];
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
            401: components["responses"]["Status401"];
            404: components["responses"]["Status404"];
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
                     *           "avatar": "",
                     *           "capacity_left_g": [
                     *             9000,
                     *             9000
                     *           ],
                     *           "date": "2026-11-23",
                     *           "from": "Москва",
                     *           "id": "01990000-0000-7000-8000-000000000009",
                     *           "name": "Ivan",
                     *           "price": 300,
                     *           "rating": 5,
                     *           "reviews_count": 1,
                     *           "state": "active",
                     *           "stops": [
                     *             "Москва",
                     *             "Нижний Новгород"
                     *           ],
                     *           "time": "08:00 → 22:00",
                     *           "to": "Казань",
                     *           "transport": "car",
                     *           "tripComment": "Еду один, место есть",
                     *           "trip_comment": "Еду один, место есть",
                     *           "trips_count": 1,
                     *           "version": 2
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["MyTrips"];
                };
            };
            401: components["responses"]["Status401"];
            default: components["responses"]["Otherwise"];
        };
    };
    withdraw_money: {
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
                 *       "amount": 300,
                 *       "method": "СБП +7 900 123-45-67"
                 *     }
                 */
                "application/json": components["schemas"]["Withdraw"];
            };
        };
        responses: {
            200: {
                headers: {
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
                    "application/json": components["schemas"]["Withdrawn"];
                };
            };
            400: components["responses"]["Status400"];
            401: components["responses"]["Status401"];
            /**
             * @description - `conflict`: somebody else changed it at the same moment: try again
             *     - `insufficient_funds`: there is not enough money
             *     - `too_many_withdrawals`: too many withdrawals wait for an operator
             *     - `in_progress`: the same call is still being carried out: ask again, as `Retry-After` says
             *     - `answered_before`: the same call was carried out a moment ago: ask again for its answer
             */
            409: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    "application/problem+json": components["schemas"]["Problem"] & {
                        /** @enum {string} */
                        code?: "conflict" | "insufficient_funds" | "too_many_withdrawals" | "in_progress" | "answered_before";
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
                    "application/json": components["schemas"]["Ticket"];
                };
            };
            401: components["responses"]["Status401"];
            503: components["responses"]["Status503"];
            default: components["responses"]["Otherwise"];
        };
    };
}
