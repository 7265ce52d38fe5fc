//! From whatever somebody sent to a picture of our own making: decoded within limits, made smaller, turned
//! upright and encoded anew, so that nothing is left of what was in the file beside the picture.
//!
//! Goes by content: what a file calls itself does not count. Knows no files' names, no people and no routes.

mod initials;
mod jpeg;

use std::fs::File;
use std::io::{Cursor, Read, Seek};
use std::time::Duration;

use image::codecs::jpeg::{JpegDecoder, JpegEncoder};
use image::codecs::png::PngDecoder;
use image::codecs::webp::WebPDecoder;
use image::metadata::Orientation;
use image::{DynamicImage, ImageDecoder, ImageFormat, Limits, Rgb, RgbImage};
use tokio::sync::Semaphore;
use tokio::time::timeout;

pub use initials::Initials;

/// The longest side that is decoded, in pixels.
pub const MAX_SIDE: u32 = 10_000;

/// The most pixels that are decoded.
pub const MAX_PIXELS: u64 = 25_000_000;

/// The most bytes that a decoded picture may take. 25 million pixels fit with four bytes each.
const MAX_BYTES: u64 = 100_000_000;

/// Photographs have about ten; each one costs a walk over the whole picture.
const MAX_SCANS: usize = 32;

const QUALITY: u8 = 85;

/// Pictures are made one at a time: each may need [`MAX_BYTES`], and the processors have other things to do.
static TURN: Semaphore = Semaphore::const_new(1);

/// How long a picture waits for its turn.
const TURN_WITHIN: Duration = Duration::from_secs(20);

/// Why there is no picture.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Spoiled {
    /// Not a JPEG, PNG or WebP picture at all.
    #[error("must be a JPEG, PNG or WebP picture")]
    Foreign,
    /// As phones of Apple take pictures: HEIC, or its sister AVIF.
    #[error("HEIC and AVIF pictures cannot be read here: please send a JPEG, PNG or WebP picture")]
    Heif,
    /// More pixels than anybody needs.
    #[error("must have at most 25 million pixels, and at most 10000 on a side")]
    TooLarge,
    /// It has several frames.
    #[error("must not be animated")]
    Animated,
    /// Cut off or damaged.
    #[error("cannot be read as a picture")]
    Broken,
    /// Too many others wait for their picture.
    #[error("too many pictures are being made, please try again")]
    Busy,
}

/// Makes a JPEG picture of what is in a file, no side longer than `side` pixels. Takes its turn.
///
/// # Errors
/// Why there is none.
pub async fn remake(file: File, side: u32) -> Result<Vec<u8>, Spoiled> {
    let turn = timeout(TURN_WITHIN, TURN.acquire()).await;
    let turn = turn.ok().and_then(Result::ok).ok_or(Spoiled::Busy)?;
    let work = tokio::task::spawn_blocking(move || {
        // The caller may be gone; the turn ends with the work.
        let _turn = turn;
        read(file).and_then(|bytes| remake_now(&bytes, side))
    });
    work.await.unwrap_or(Err(Spoiled::Broken))
}

fn read(mut file: File) -> Result<Vec<u8>, Spoiled> {
    let mut bytes = Vec::new();
    file.rewind().and_then(|()| file.read_to_end(&mut bytes)).map_err(|_| Spoiled::Broken)?;
    Ok(bytes)
}

fn remake_now(bytes: &[u8], side: u32) -> Result<Vec<u8>, Spoiled> {
    let (picture, orientation) = decode(bytes)?;
    let small =
        if picture.width().max(picture.height()) > side { picture.thumbnail(side, side) } else { picture };
    let mut upright = small;
    upright.apply_orientation(orientation);
    let mut encoded = Vec::new();
    let encoder = JpegEncoder::new_with_quality(&mut encoded, QUALITY);
    on_white(upright).write_with_encoder(encoder).map_err(|_| Spoiled::Broken)?;
    Ok(encoded)
}

fn decode(bytes: &[u8]) -> Result<(DynamicImage, Orientation), Spoiled> {
    let source = Cursor::new(bytes);
    match image::guess_format(bytes) {
        Ok(ImageFormat::Jpeg) => {
            let scans = jpeg::scans(bytes).ok_or(Spoiled::Broken)?;
            if scans > MAX_SCANS {
                return Err(Spoiled::TooLarge);
            }
            decode_with(JpegDecoder::new(source).map_err(|_| Spoiled::Broken)?)
        }
        Ok(ImageFormat::Png) => {
            let decoder = PngDecoder::with_limits(source, limits()).map_err(|error| why(&error))?;
            if decoder.is_apng().unwrap_or(true) {
                return Err(Spoiled::Animated);
            }
            decode_with(decoder)
        }
        Ok(ImageFormat::WebP) => {
            let decoder = WebPDecoder::new(source).map_err(|_| Spoiled::Broken)?;
            if decoder.has_animation() {
                return Err(Spoiled::Animated);
            }
            decode_with(decoder)
        }
        _ if is_heif(bytes) => Err(Spoiled::Heif),
        _ => Err(Spoiled::Foreign),
    }
}

/// Whether the file is of the family that HEIC and AVIF belong to: a box `ftyp` with a brand of theirs.
fn is_heif(bytes: &[u8]) -> bool {
    const BRANDS: [&[u8]; 12] = [
        b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs", b"mif1", b"msf1", b"avif",
        b"avis",
    ];
    bytes.get(4..8) == Some(b"ftyp") && bytes.get(8..12).is_some_and(|brand| BRANDS.contains(&brand))
}

fn decode_with(mut decoder: impl ImageDecoder) -> Result<(DynamicImage, Orientation), Spoiled> {
    let (width, height) = decoder.dimensions();
    let pixels = u64::from(width) * u64::from(height);
    let too_large = width.max(height) > MAX_SIDE || pixels > MAX_PIXELS || decoder.total_bytes() > MAX_BYTES;
    if too_large {
        return Err(Spoiled::TooLarge);
    }
    decoder.set_limits(limits()).map_err(|error| why(&error))?;
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let picture = DynamicImage::from_decoder(decoder).map_err(|error| why(&error))?;
    Ok((picture, orientation))
}

fn limits() -> Limits {
    let mut limits = Limits::no_limits();
    limits.max_image_width = Some(MAX_SIDE);
    limits.max_image_height = Some(MAX_SIDE);
    limits.max_alloc = Some(MAX_BYTES);
    limits
}

fn why(error: &image::ImageError) -> Spoiled {
    if matches!(error, image::ImageError::Limits(_)) { Spoiled::TooLarge } else { Spoiled::Broken }
}

/// What shows through is white.
fn on_white(picture: DynamicImage) -> RgbImage {
    if !picture.color().has_alpha() {
        return picture.into_rgb8();
    }
    let picture = picture.into_rgba8();
    RgbImage::from_fn(picture.width(), picture.height(), |x, y| {
        let [red, green, blue, alpha] = picture.get_pixel(x, y).0;
        let over = |colour: u8| {
            let mixed = u16::from(colour) * u16::from(alpha) + 255 * (255 - u16::from(alpha));
            u8::try_from(mixed / 255).unwrap_or(u8::MAX)
        };
        Rgb([over(red), over(green), over(blue)])
    })
}
