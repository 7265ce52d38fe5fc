//! The walk: shell lines that show the main job on a running demo, to be pasted in order into another
//! terminal.

/// The walk for a demo that is served at `base_url`, such as `http://127.0.0.1:8080`. It needs only curl, the
/// usual small tools and this program, and can be walked again: its people are new each time, and the parcel
/// fills the trip.
#[must_use]
pub fn walk(base_url: &str) -> String {
    let base_url = base_url.trim_end_matches('/');
    let program =
        std::env::current_exe().map_or_else(|_| "peerpack".to_owned(), |path| path.display().to_string());
    let socket = match base_url.strip_prefix("https://") {
        Some(rest) => format!("wss://{rest}/ws"),
        None => format!("ws://{}/ws", base_url.trim_start_matches("http://")),
    };
    STEPS
        .replace("{base}", &quoted(base_url))
        .replace("{program}", &quoted(&program))
        .replace("{socket}", &quoted(&socket))
}

/// As one word of a shell.
fn quoted(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/:._-+@%".contains(&byte);
    if !text.is_empty() && text.bytes().all(plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

const STEPS: &str = r#"
Or paste this into another terminal (bash), all at once or step by step.

# Helpers: one call, one field of an answer, signing in as Telegram would
BASE={base}; PEERPACK={program}; SOCKET={socket}
api() { curl -sS -X "$1" "$BASE$2" -H "Authorization: Bearer $3" -H 'Content-Type: application/json' -w '\n' ${4:+-d "$4"}; }
field() { grep -o "\"$1\":\"[^\"]*\"" | head -n 1 | cut -d '"' -f 4; }
sign_in() { INIT=$("$PEERPACK" initdata --user "$1" --name "$2"); curl -sS "$BASE/api/auth/telegram" -H "Authorization: tma $INIT" -X POST | field access_token; }

# Anna sends, Ivan travels
ANNA=$(sign_in $((100000 + RANDOM)) Anna)
IVAN=$(sign_in $((200000 + RANDOM)) Ivan)

# Ivan's socket: everything it says from now on appears between the answers
"$PEERPACK" listen --url "$SOCKET" --token "$IVAN" & LISTENER=$!
sleep 1

# Ivan drives from Moscow over Nizhny Novgorod to Kazan tomorrow
DAY=$(TZ=Europe/Moscow date -d tomorrow +%F 2>/dev/null || TZ=Europe/Moscow date -v+1d +%F)
TRIP=$(api POST /api/trips "$IVAN" '{"from":"Москва","to":"Казань","date":"'$DAY'","time":"08:00 → 20:00","airport":"","price":500,"trip_comment":"Еду на машине","transportType":"car","stops":["Нижний Новгород"],"capacity_g":5000,"max_detour_min":60}' | field trip_id)

# Anna sends a parcel that rides a part of his way, from Vladimir on: his socket shows the offer at once
PACKAGE=$(api POST /api/packages "$ANNA" '{"from":"Владимир","to":"Казань","description":"Книги","reward":1500,"size":"s","weight":"medium","tags":["books"],"pickup_address":"ул. Гагарина, 5","delivery_address":"ул. Баумана, 10"}' | field package_id)
sleep 1

# Anna sees who was considered, and why in or out
api GET "/api/packages/$PACKAGE/explain" "$ANNA"

# Ivan looks at the requests for his trip and accepts hers (if unfinished walks have filled his hands, she asks him herself)
api GET "/api/trips/$TRIP/package-requests" "$IVAN"
REQUEST=$(api GET "/api/trips/$TRIP/package-requests" "$IVAN" | tr '{' '\n' | grep "$PACKAGE" | field id)
[ -n "$REQUEST" ] || REQUEST=$(api POST "/api/couriers/$TRIP/send-package" "$ANNA" '{"package_id":"'$PACKAGE'"}' | field request_id)
api PUT "/api/package-requests/$REQUEST/accept" "$IVAN"

# On the way, handed over, confirmed
api PUT "/api/package-requests/$REQUEST/pickup" "$IVAN"
api PUT "/api/package-requests/$REQUEST/mark-delivered" "$IVAN"
api PUT "/api/package-requests/$REQUEST/confirm-delivery" "$ANNA"
api GET /api/user/packages "$ANNA"
kill $LISTENER
"#;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_walk_leads_to_the_server_that_prints_it() {
        let walk = walk("http://127.0.0.1:4321/");
        assert!(walk.contains("BASE=http://127.0.0.1:4321;"), "{walk}");
        assert!(walk.contains("SOCKET=ws://127.0.0.1:4321/ws\n"), "{walk}");
        assert!(!walk.contains("{base}") && !walk.contains("{program}") && !walk.contains("{socket}"));
    }

    #[test]
    fn a_path_with_spaces_stays_one_word() {
        assert_eq!(quoted("/opt/peerpack"), "/opt/peerpack");
        assert_eq!(quoted("/my files/it's"), r"'/my files/it'\''s'");
    }
}
