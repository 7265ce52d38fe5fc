//! A walk over the segments of a JPEG file. The decoder makes up for what is missing at the end of a file and
//! only then sees how often a picture is gone over; here both show before anything is decoded.

const SOI: u8 = 0xD8;
const EOI: u8 = 0xD9;
const SOS: u8 = 0xDA;

/// How many scans the first picture of a file has; nothing if it is cut off. What comes after it does not
/// count.
pub(super) fn scans(bytes: &[u8]) -> Option<usize> {
    let mut rest = bytes.strip_prefix(&[0xFF, SOI])?;
    let mut scans = 0;
    loop {
        let marker;
        (marker, rest) = next_marker(rest)?;
        match marker {
            EOI => return Some(scans),
            // Markers without a length.
            0x01 | 0xD0..=SOI => {}
            _ => {
                let length = usize::from(u16::from_be_bytes([*rest.first()?, *rest.get(1)?]));
                rest = rest.get(length.max(2)..)?;
                scans += usize::from(marker == SOS);
            }
        }
    }
}

/// The next marker and what follows it. Between scans there is coded data, in which 0xFF 0x00 is no marker.
fn next_marker(mut bytes: &[u8]) -> Option<(u8, &[u8])> {
    loop {
        let at = bytes.iter().position(|byte| *byte == 0xFF)?;
        match *bytes.get(at + 1)? {
            0x00 => bytes = &bytes[at + 2..],
            0xFF => bytes = &bytes[at + 1..],
            marker => return Some((marker, &bytes[at + 2..])),
        }
    }
}
