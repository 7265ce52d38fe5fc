//! Pictures of people.

use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use image::{GenericImageView, ImageFormat};
use peerpack::maintenance::rounds;
use peerpack_actors::ids::FileId;
use peerpack_actors::runtime::RuntimeSettings;
use reqwest::Method;
use serde_json::{Value, json};

use super::samples::{self, SECRET};
use super::{below, form, form_type, kept, part, send, upload};
use crate::support::{Backend, TestApp, TestUser, backends};

const AVATAR: &str = "/api/user/avatar";

async fn fetch(
    who: &TestUser,
    path: &str,
    headers: &[(&str, &str)],
) -> (u16, reqwest::header::HeaderMap, Vec<u8>) {
    let (status, headers, body) = who.call_raw(Method::GET, path, headers, Vec::new()).await;
    (status.as_u16(), headers, body)
}

async fn set(who: &TestUser, content: &[u8]) -> String {
    let (status, answer) = upload(who, AVATAR, content).await;
    assert_eq!(status, 200, "{answer}");
    answer["avatar"].as_str().unwrap().to_owned()
}

#[actix_web::test]
async fn a_picture_is_shown_to_everybody_until_it_is_changed_or_taken_away() {
    for backend in backends() {
        let app = TestApp::start(backend).await;
        let (ivan, nobody) = (app.sign_in("Ivan").await, app.anonymous());
        ivan.publish_trip("Москва", "Казань", json!({})).await;
        let initials =
            |avatar: &Value| avatar.as_str().is_some_and(|url| url.starts_with("/api/avatars/initials/"));
        assert!(initials(&ivan.get("/api/user/profile").await["avatar"]));

        let first = set(&ivan, &samples::jpeg(800, 400)).await;
        assert_eq!(ivan.get("/api/user/profile").await["avatar"], *first);
        let found = nobody.get("/api/couriers?from=Москва&to=Казань").await;
        assert_eq!(found["couriers"][0]["avatar"], *first);
        let (status, headers, picture) = fetch(&nobody, &first, &[]).await;
        assert_eq!(status, 200);
        assert_eq!(headers["content-type"], "image/jpeg");
        assert_eq!(headers["x-content-type-options"], "nosniff");
        assert_eq!(headers["content-disposition"], "inline; filename=\"avatar.jpg\"");
        assert_eq!(headers["cache-control"], "public, max-age=86400, immutable");
        let tag = headers["etag"].to_str().unwrap();
        assert_eq!(fetch(&nobody, &first, &[("if-none-match", tag)]).await.0, 304);
        let picture = image::load_from_memory(&picture).unwrap();
        assert_eq!(picture.dimensions(), (512, 256));

        // Another one takes its place; of the first nothing is left.
        let second = set(&ivan, &samples::encoded(ImageFormat::Png, 30, 30)).await;
        assert_ne!(first, second);
        assert_eq!(fetch(&nobody, &first, &[]).await.0, 404);
        assert_eq!(kept(&app).len(), 1);
        // Telegram's picture does not come back with the next sign-in.
        let ivan = ivan.again(&app).await;
        assert_eq!(ivan.get("/api/user/profile").await["avatar"], *second);
        let (status, answer) = ivan.call(Method::DELETE, AVATAR, None).await;
        assert_eq!((status.as_u16(), initials(&answer["avatar"])), (200, true), "{answer}");
        assert!(initials(&ivan.get("/api/user/profile").await["avatar"]));
        assert_eq!(fetch(&nobody, &second, &[]).await.0, 404);
        assert!(kept(&app).is_empty());
        assert_eq!(ivan.call(Method::DELETE, AVATAR, None).await.0.as_u16(), 200, "again");
        app.audit().await;
    }
}

#[actix_web::test]
async fn pictures_go_with_the_account() {
    for backend in backends() {
        let app = TestApp::start(backend).await;
        let ivan = app.sign_in("Ivan").await;
        let url = set(&ivan, &samples::jpeg(20, 20)).await;
        assert_eq!(ivan.call(Method::DELETE, "/api/user/account", None).await.0.as_u16(), 200);
        rounds::run_all(&app.app).await;
        assert_eq!(fetch(&ivan, &url, &[]).await.0, 200, "it can still be restored");
        app.behind_its_back(
            "UPDATE users SET deleted_at = deleted_at - 700000000 WHERE deleted_at IS NOT NULL",
        )
        .await;
        rounds::run_all(&app.app).await;
        assert_eq!(fetch(&ivan, &url, &[]).await.0, 404);
        assert!(kept(&app).is_empty());
    }
}

#[actix_web::test]
async fn pages_elsewhere_are_told_where_pictures_are() {
    let settings = [("PEERPACK_PUBLIC_URL", "https://api.example.org/")];
    let data = tempfile::tempdir().unwrap();
    let app = TestApp::start_on(data, None, &settings, RuntimeSettings::default()).await;
    let url = set(&app.sign_in("Ivan").await, &samples::jpeg(20, 20)).await;
    assert!(url.starts_with("https://api.example.org/api/avatars/"), "{url}");
}

/// what a thing is shows in its content, and of the content only the picture is kept.
#[actix_web::test]
async fn x_81_only_a_picture_becomes_a_picture() {
    let app = TestApp::start(Backend::Sqlite).await;
    let ivan = app.sign_in("Ivan").await;
    let foreign: [&[u8]; 8] = [
        b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        b"<!doctype html><script>alert(1)</script>",
        b"MZ\x90\x00\x03\x00\x00\x00\x04\x00\x00\x00\xff\xff\x00\x00",
        b"<?php system($_GET['c']); ?>",
        b"GIF89a\x01\x00\x01\x00\x80\x00\x00\xff\xff\xff\x00\x00\x00!\xf9\x04\x01\x00\x00\x00\x00,\x00\x00",
        b"%PDF-1.7\n1 0 obj<</OpenAction<</S/JavaScript>>>>endobj\n%%EOF",
        b"PK\x03\x04\x14\x00\x00\x00",
        b"",
    ];
    for content in foreign.iter().copied().chain([&*samples::eicar()]) {
        let (status, answer) = upload(&ivan, AVATAR, content).await;
        assert_eq!((status, &answer["code"]), (415, &json!("unsupported_media_type")), "{content:?}");
    }
    app.behind_its_back("DELETE FROM upload_counts").await;
    for (language, named) in [("en", "JPEG, PNG or WebP"), ("ky", "JPEG, PNG или WebP")] {
        let heic = form(&[part(b"IMG_1.HEIC", b"\0\0\0\x18ftypheic\0\0\0\0mif1heic and a picture")]);
        let headers = [("content-type", form_type()), ("accept-language", language.to_owned())];
        let headers = headers.each_ref().map(|(name, value)| (*name, value.as_str()));
        let (status, _, answer) = ivan.call_raw(Method::POST, AVATAR, &headers, heic).await;
        let answer: Value = serde_json::from_slice(&answer).unwrap();
        let message = answer["message"].as_str().unwrap();
        assert!(status == 415 && message.contains("HEIC") && message.contains(named), "{answer}");
    }
    let magic: [&[u8]; 3] =
        [b"\xff\xd8\xff\xe0\x00\x10JFIF\x00", b"\x89PNG\r\n\x1a\n", b"RIFF\x10\x00\x00\x00WEBPVP8 "];
    for content in magic {
        assert_eq!(upload(&ivan, AVATAR, content).await.0, 422, "{content:?}");
    }
    assert!(kept(&app).is_empty());

    let archive = b"PK\x03\x04 and then <script>alert(1)</script>";
    let polyglot = [&samples::jpeg(20, 20)[..], archive].concat();
    let url = set(&ivan, &polyglot).await;
    let (_, _, picture) = fetch(&ivan, &url, &[]).await;
    assert!(image::load_from_memory(&picture).is_ok() && picture.ends_with(&[0xFF, 0xD9]));
    assert!(!picture.windows(8).any(|window| window == b"<script>"));
}

/// floods of pixels, pictures that move, pictures cut off, pictures in thousands of scans.
#[actix_web::test]
async fn x_82_bombs_do_not_go_off() {
    let app = TestApp::start(Backend::Sqlite).await;
    let ivan = app.sign_in("Ivan").await;
    let bomb = samples::png_bomb(20_000);
    assert!(bomb.len() < 5_000);
    for (what, content) in [
        ("20000 x 20000", bomb),
        ("long and thin", samples::encoded(ImageFormat::Png, 10_001, 2)),
        ("too many pixels", samples::png_bomb(5_001)),
        ("65535 x 65535", samples::jpeg_bomb()),
        ("animated PNG", samples::animated_png()),
        ("animated WebP", samples::animated_webp()),
        ("scan after scan", samples::deep_progressive_jpeg()),
    ] {
        let (status, answer) = upload(&ivan, AVATAR, &content).await;
        assert_eq!((status, answer["fields"]["file"].is_string()), (422, true), "{what}: {answer}");
    }
    for whole in [
        samples::jpeg(64, 64),
        samples::progressive_jpeg(),
        samples::encoded(ImageFormat::Png, 64, 64),
        samples::encoded(ImageFormat::WebP, 64, 64),
    ] {
        set(&ivan, &whole).await;
        for part in [2, 3, 4] {
            app.behind_its_back("DELETE FROM upload_counts").await;
            let cut = &whole[..whole.len() * part / 5];
            assert_eq!(upload(&ivan, AVATAR, cut).await.0, 422, "{part}/5 of {:?}", &whole[..4]);
        }
    }
    assert_eq!(kept(&app).len(), 1);
}

/// nothing of where and with what a picture was taken is left in it, but it stands upright.
#[actix_web::test]
async fn x_83_a_picture_says_nothing_beside_what_it_shows() {
    let app = TestApp::start(Backend::Sqlite).await;
    let ivan = app.sign_in("Ivan").await;
    for talkative in [samples::talkative_jpeg(), samples::talkative_png(), samples::talkative_webp()] {
        assert!(talkative.windows(SECRET.len()).any(|window| window == SECRET.as_bytes()));
        let url = set(&ivan, &talkative).await;
        let (_, _, picture) = fetch(&ivan, &url, &[]).await;
        for word in [SECRET, "Exif", "GPS", "ICC_PROFILE", "http:", "xmp", "Photoshop"] {
            assert!(!picture.windows(word.len()).any(|window| window == word.as_bytes()), "{word}");
        }
        assert_eq!(samples::segments(&picture), [0xE0], "JFIF and nothing else");
        // It lay on its side, with what belongs above on the left.
        let picture = image::load_from_memory(&picture).unwrap().into_rgb8();
        let (width, height) = picture.dimensions();
        assert!(height >= width);
        let [red, _, blue] = picture.get_pixel(width - 2, height / 2).0;
        assert!(red > 180 && blue < 60, "what was above is on the right");
    }
}

/// what a file is called is nobody's business.
#[actix_web::test]
async fn x_84_the_name_of_a_file_does_not_count() {
    let app = TestApp::start(Backend::Sqlite).await;
    let ivan = app.sign_in("Ivan").await;
    let long = "x".repeat(300);
    let names: [&[u8]; 6] = [
        b"../../x.jpg",
        b"/etc/passwd",
        b"a\\..\\b.php",
        "\u{202e}gpj.exe".as_bytes(),
        long.as_bytes(),
        b"a%00b.jpg",
    ];
    for name in names {
        let (status, answer) = send(&ivan, AVATAR, form(&[part(name, &samples::jpeg(20, 20))])).await;
        assert_eq!(status, 200, "{name:?}: {answer}");
        let url = answer["avatar"].as_str().unwrap();
        let (id, files) = (url.rsplit_once('/').unwrap().1, kept(&app));
        assert!(id.parse::<FileId>().is_ok() && files.len() == 1 && files[0].ends_with(id), "{files:?}");
        let (_, headers, _) = fetch(&ivan, url, &[]).await;
        assert_eq!(headers["content-disposition"], "inline; filename=\"avatar.jpg\"");
    }
    // What would end the line or the text is no header any more.
    for name in [&b"a\r\nset-cookie: b.jpg"[..], b"a\0b.jpg"] {
        let (status, answer) = send(&ivan, AVATAR, form(&[part(name, &samples::jpeg(20, 20))])).await;
        assert!(status == 400 || status == 200, "{answer}");
        assert_eq!(kept(&app).len(), 1);
    }
    let own = |file: &PathBuf| {
        let name = file.file_name().unwrap().to_str().unwrap();
        file.starts_with(app.data().join("uploads"))
            || name.starts_with("peerpack.db")
            || name == "jwt.secret"
    };
    let strange: Vec<_> = below(app.data()).into_iter().filter(|file| !own(file)).collect();
    assert!(strange.is_empty(), "{strange:?}");
}

///
#[actix_web::test]
async fn x_85_so_many_a_day_and_no_more() {
    for backend in backends() {
        let app = TestApp::start(backend).await;
        let (ivan, anna) = (app.sign_in("Ivan").await, app.sign_in("Anna").await);
        // What is no picture counts too.
        for _ in 0..30 {
            assert_eq!(upload(&ivan, AVATAR, b"nothing").await.0, 415);
        }
        let body = form(&[part(b"a.jpg", &samples::jpeg(20, 20))]);
        let headers = [("content-type", &*super::form_type())];
        let (status, headers, _) = ivan.call_raw(Method::POST, AVATAR, &headers, body).await;
        let wait_s: i64 = headers["retry-after"].to_str().unwrap().parse().unwrap();
        assert!(status.as_u16() == 429 && (86_000..=86_400).contains(&wait_s), "{status}, {wait_s}");
        set(&anna, &samples::jpeg(20, 20)).await;
        app.behind_its_back("UPDATE upload_counts SET since = since - 86400001").await;
        set(&ivan, &samples::jpeg(20, 20)).await;
        app.behind_its_back("UPDATE upload_counts SET since = since - 86400001").await;
        rounds::run_all(&app.app).await;
        set(&ivan, &samples::jpeg(20, 20)).await;
    }
}

/// parts of a file are not served, and anybody who asks for one gets the whole.
#[actix_web::test]
async fn x_86_ranges_that_make_no_sense_break_nothing() {
    let app = TestApp::start(Backend::Sqlite).await;
    let url = set(&app.sign_in("Ivan").await, &samples::jpeg(20, 20)).await;
    let whole = fetch(&app.anonymous(), &url, &[]).await.2;
    for range in [
        "",
        "bytes",
        "bytes=",
        "bytes=-",
        "bytes=5-2",
        "bytes=0-0,0-0,0-0",
        "bytes=99999999999999999999-",
        "lines=1-2",
    ] {
        let (status, _, body) = fetch(&app.anonymous(), &url, &[("range", range)]).await;
        assert_eq!((status, body == whole), (200, true), "{range:?}");
    }
    for path in ["/api/avatars/..%2f..%2fjwt.secret", "/api/avatars/x", "/api/avatars/"] {
        assert_eq!(fetch(&app.anonymous(), path, &[]).await.0, 404, "{path}");
    }
}

/// A server that died between the file and its row leaves a file; one that died while writing leaves half of
/// one.
#[actix_web::test]
async fn files_without_a_row_are_removed_after_an_hour() {
    for backend in backends() {
        let app = TestApp::start(backend).await;
        let ivan = app.sign_in("Ivan").await;
        let url = set(&ivan, &samples::jpeg(20, 20)).await;
        let uploads = app.data().join("uploads");
        let shard = uploads.join("avatar/07");
        std::fs::create_dir_all(&shard).unwrap();
        let lost = shard.join("01890a5d-ac96-774b-bcce-b302099a8007");
        let (half, foreign) = (uploads.join("incoming/.tmpAbCdEf"), shard.join("notes.txt"));
        for file in [&lost, &half, &foreign] {
            std::fs::write(file, "something").unwrap();
        }
        rounds::run_all(&app.app).await;
        assert!(lost.exists() && half.exists(), "somebody may be about to write the row");
        let now_ms = u64::try_from(app.app.clock.now().ms()).unwrap();
        let long_ago = SystemTime::UNIX_EPOCH + Duration::from_millis(now_ms - 3_700_000);
        for file in kept(&app) {
            std::fs::File::options().append(true).open(file).unwrap().set_modified(long_ago).unwrap();
        }
        rounds::run_all(&app.app).await;
        assert!(!lost.exists() && !half.exists());
        assert!(foreign.exists(), "what is not of our making stays");
        assert_eq!(fetch(&ivan, &url, &[]).await.0, 200, "what has a row stays");

        // Many files of which not one has a row are somebody's all the same.
        for n in 0..120 {
            let file = shard.join(format!("01890a5d-ac96-774b-bcce-b302099a{n:02x}07"));
            std::fs::write(&file, "something").unwrap();
            std::fs::File::options().append(true).open(file).unwrap().set_modified(long_ago).unwrap();
        }
        app.behind_its_back("DELETE FROM files").await;
        rounds::run_all(&app.app).await;
        assert_eq!(kept(&app).len(), 120 + 1 + 1);
    }
}

#[actix_web::test]
async fn a_person_without_a_picture_has_initials_and_pages_of_other_origins_find_them() {
    let app = TestApp::start(Backend::Sqlite).await;
    let (ivan, nobody) = (app.sign_in("Иван <b> Петров").await, app.anonymous());
    ivan.publish_trip("Москва", "Казань", json!({})).await;
    let found = ivan.get("/api/couriers?from=Москва&to=Казань").await;
    let path = found["couriers"][0]["avatar"].as_str().unwrap().to_owned();
    assert_eq!(json!(path), ivan.get("/api/user/profile").await["avatar"]);
    let (status, headers, picture) = fetch(&nobody, &path, &[]).await;
    assert_eq!((status, &headers["content-type"]), (200, &"image/svg+xml".parse().unwrap()));
    assert_eq!(headers["content-security-policy"], "default-src 'none'; frame-ancestors 'none'; sandbox");
    assert!(headers["cache-control"].to_str().unwrap().contains("immutable"));
    let picture = String::from_utf8(picture).unwrap();
    assert!(picture.contains(">ИB</text>"), "{picture}");
    assert_eq!(fetch(&nobody, "/api/avatars/initials/0-%3Cb.svg", &[]).await.0, 404);

    let own = app.url.clone();
    let another = [("origin", "http://localhost:5173")];
    let (_, _, profile) = ivan.call_with(Method::GET, "/api/user/profile", &another, None).await;
    assert_eq!(profile["avatar"], format!("{own}{path}"));
    let (_, _, profile) = ivan.call_with(Method::GET, "/api/user/profile", &[("origin", &own)], None).await;
    assert_eq!(profile["avatar"], path);
    let url = set(&ivan, &samples::jpeg(20, 20)).await;
    assert!(url.starts_with("/api/avatars/") && !url.contains("initials"), "{url}");
    let (_, _, profile) = ivan.call_with(Method::GET, "/api/user/profile", &another, None).await;
    assert_eq!(profile["avatar"], format!("{own}{url}"));
}
