//! Files that people send, and files that somebody means harm with.

use std::io::Cursor;

use image::{DynamicImage, ImageFormat, Rgb, RgbImage};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

/// What must not be found in anything that is served.
pub const SECRET: &str = "GPS-55.7558N-37.6173E";

/// The test file of virus scanners, in two halves so that none finds it here.
pub fn eicar() -> Vec<u8> {
    [r"X5O!P%@AP[4\PZX54(P^)7CC)7}$", r"EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"].concat().into_bytes()
}

/// A picture that is red above and blue below.
fn picture(width: u32, height: u32) -> DynamicImage {
    let above = |y| if y < height / 2 { Rgb([220, 20, 20]) } else { Rgb([20, 20, 220]) };
    RgbImage::from_fn(width, height, |_, y| above(y)).into()
}

pub fn encoded(format: ImageFormat, width: u32, height: u32) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    picture(width, height).write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

pub fn jpeg(width: u32, height: u32) -> Vec<u8> {
    encoded(ImageFormat::Jpeg, width, height)
}

/// A JPEG picture of noise: about a byte and a half for each pixel.
pub fn noise(width: u32, height: u32) -> Vec<u8> {
    let mut random = StdRng::seed_from_u64(1);
    let noise = RgbImage::from_fn(width, height, |_, _| Rgb(random.random()));
    let mut bytes = Cursor::new(Vec::new());
    DynamicImage::from(noise).write_to(&mut bytes, ImageFormat::Jpeg).unwrap();
    bytes.into_inner()
}

fn segment(marker: u8, content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len() + 2).unwrap().to_be_bytes();
    [&[0xFF, marker][..], &length, content].concat()
}

/// A TIFF structure that says "turn me to the right", with a place in it.
fn exif() -> Vec<u8> {
    let mut tiff = b"II\x2a\x00\x08\x00\x00\x00\x02\x00".to_vec();
    tiff.extend(b"\x12\x01\x03\x00\x01\x00\x00\x00\x06\x00\x00\x00");
    tiff.extend(b"\x25\x88\x04\x00\x01\x00\x00\x00\x26\x00\x00\x00");
    tiff.extend(b"\x00\x00\x00\x00");
    tiff.extend(SECRET.as_bytes());
    tiff
}

/// A JPEG picture on its side, with EXIF, XMP, a colour profile, a comment and a thumbnail, and the secret in
/// each.
pub fn talkative_jpeg() -> Vec<u8> {
    let plain = jpeg(60, 40);
    let with = |start: &[u8]| [start, SECRET.as_bytes()].concat();
    let mut bytes = plain[..2].to_vec();
    bytes.extend(segment(0xE1, &[&b"Exif\0\0"[..], &exif(), &jpeg(8, 8)].concat()));
    bytes.extend(segment(0xE1, &with(b"http://ns.adobe.com/xap/1.0/\0<x:xmpmeta/>")));
    bytes.extend(segment(0xE2, &with(b"ICC_PROFILE\0\x01\x01")));
    bytes.extend(segment(0xED, &with(b"Photoshop 3.0\0")));
    bytes.extend(segment(0xFE, SECRET.as_bytes()));
    bytes.extend(&plain[2..]);
    bytes
}

fn crc(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| (crc >> 1) ^ (0xEDB8_8320 * (crc & 1)))
    })
}

fn chunk(kind: &[u8; 4], content: &[u8]) -> Vec<u8> {
    let named = [&kind[..], content].concat();
    [&u32::try_from(content.len()).unwrap().to_be_bytes()[..], &named, &crc(&named).to_be_bytes()].concat()
}

/// A PNG picture with chunks put in behind its header.
fn png_with(chunks: &[Vec<u8>]) -> Vec<u8> {
    let plain = encoded(ImageFormat::Png, 40, 40);
    // The signature and the header chunk.
    let (start, rest) = plain.split_at(8 + 25);
    [start, &chunks.concat(), rest].concat()
}

pub fn talkative_png() -> Vec<u8> {
    let text = [b"Comment\0", SECRET.as_bytes()].concat();
    png_with(&[chunk(b"tEXt", &text), chunk(b"eXIf", &exif())])
}

pub fn animated_png() -> Vec<u8> {
    png_with(&[chunk(b"acTL", &[0, 0, 0, 2, 0, 0, 0, 0])])
}

/// 400 million pixels in a file of a few KB.
pub fn png_bomb(side: u32) -> Vec<u8> {
    let header = [&side.to_be_bytes()[..], &side.to_be_bytes(), &[1, 0, 0, 0, 0]].concat();
    // One stored block of zeroes: as much as fits. Nobody should come to miss the rest.
    let mut data = vec![0x78, 0x01, 0x01, 0x00, 0x10, 0xFF, 0xEF];
    data.extend([0; 4096]);
    [b"\x89PNG\r\n\x1a\n".to_vec(), chunk(b"IHDR", &header), chunk(b"IDAT", &data), chunk(b"IEND", &[])]
        .concat()
}

/// A JPEG picture that says it is as large as one can be.
pub fn jpeg_bomb() -> Vec<u8> {
    let mut bytes = jpeg(16, 16);
    let header = bytes.windows(2).position(|pair| pair == [0xFF, 0xC0]).unwrap();
    bytes[header + 5..header + 9].copy_from_slice(&[0xFF; 4]);
    bytes
}

fn riff(kind: &[u8; 4], content: &[u8]) -> Vec<u8> {
    let padding = vec![0; content.len() % 2];
    [&kind[..], &u32::try_from(content.len()).unwrap().to_le_bytes(), content, &padding].concat()
}

/// A WebP picture with EXIF.
pub fn talkative_webp() -> Vec<u8> {
    let plain = encoded(ImageFormat::WebP, 40, 40);
    let about = [0x08, 0, 0, 0, 39, 0, 0, 39, 0, 0];
    let body =
        [b"WEBP".to_vec(), riff(b"VP8X", &about), plain[12..].to_vec(), riff(b"EXIF", &exif())].concat();
    riff(b"RIFF", &body)
}

/// Two frames of 8 by 8 pixels, by Pillow.
pub fn animated_webp() -> Vec<u8> {
    hex::decode(
        "524946468400000057454250565038580a00000002000000070000070000414e494d06000000000000000000414e4d462800000000\
         00000000070000070000640000025650384c0f0000002f07c001000710fd8ffe0722a2ff0100414e4d462800000000000000000700\
         00070000640000005650384c0f0000002f07c001000710d1fffe0722a2ff0100",
    )
    .unwrap()
}

/// A progressive picture of 16 by 16 pixels in ten scans, by Pillow.
pub fn progressive_jpeg() -> Vec<u8> {
    hex::decode(
        "ffd8ffe000104a46494600010100000100010000ffdb0043000d090a0b0a080d0b0a0b0e0e0d0f13201513121213271c1e17202e29\
         31302e292d2c333a4a3e333646372c2d405741464c4e525352323e5a615a50604a51524fffdb0043010e0e0e131113261515264f352d\
         354f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4f4fffc2\
         0011080010001003012200021101031101ffc4001500010100000000000000000000000000000405ffc40015010101000000000000\
         00000000000000000001ffda000c0301000210031000000196c5b2bfffc400161000030000000000000000000000000000000203ff\
         da0008010100010502598b31662ccfffc4001511010100000000000000000000000000000400ffda0008010301013f012a2fffc400\
         161100030000000000000000000000000000000203ffda0008010201013f017b9fffc4001410010000000000000000000000000000\
         0020ffda0008010100063f021fffc4001510010100000000000000000000000000000061ffda0008010100013f21924924ffda000c\
         03010002000300000010b3ffc400161100030000000000000000000000000000002131ffda0008010301013f109b3fffc400151101\
         0100000000000000000000000000000061ffda0008010201013f10b3ffc4001510010100000000000000000000000000000031ffda\
         0008010100013f108912244fffd9",
    )
    .unwrap()
}

/// The same, with its last scan over and over again.
pub fn deep_progressive_jpeg() -> Vec<u8> {
    let plain = progressive_jpeg();
    let last = plain.windows(2).rposition(|pair| pair == [0xFF, 0xDA]).unwrap();
    let (start, scan) = (&plain[..last], &plain[last..plain.len() - 2]);
    [start, &scan.repeat(5_000), &[0xFF, 0xD9]].concat()
}

/// The application segments and comments of a JPEG file.
pub fn segments(jpeg: &[u8]) -> Vec<u8> {
    let (mut at, mut found) = (2, Vec::new());
    while jpeg[at + 1] != 0xDA {
        found.push(jpeg[at + 1]);
        at += 2 + usize::from(u16::from_be_bytes([jpeg[at + 2], jpeg[at + 3]]));
    }
    found.into_iter().filter(|marker| matches!(marker, 0xE0..=0xEF | 0xFE)).collect()
}
