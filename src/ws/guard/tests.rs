use futures_util::StreamExt;
use futures_util::stream;
use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

/// A masked client frame.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = header(first, payload.len() as u64);
    bytes.extend_from_slice(&[1, 2, 3, 4]);
    bytes.extend_from_slice(payload);
    bytes
}

fn header(first: u8, length: u64) -> Vec<u8> {
    let mut bytes = vec![first];
    match length {
        0..126 => bytes.push(0x80 | u8::try_from(length).unwrap()),
        126..65_536 => {
            bytes.push(0xfe);
            bytes.extend_from_slice(&u16::try_from(length).unwrap().to_be_bytes());
        }
        _ => {
            bytes.push(0xff);
            bytes.extend_from_slice(&length.to_be_bytes());
        }
    }
    bytes
}

/// Sends the bytes through a guard in pieces; what comes out, and the verdict.
fn pass(bytes: &[u8], cuts: &[usize]) -> (Vec<u8>, Option<Violation>) {
    let mut pieces = Vec::new();
    let mut rest = Bytes::copy_from_slice(bytes);
    for cut in cuts {
        let piece = rest.split_to((*cut).min(rest.len()));
        pieces.push(Ok::<_, PayloadError>(piece));
    }
    pieces.push(Ok(rest));
    let (guard, verdict) = FrameGuard::new(stream::iter(pieces));
    let out = futures_util::FutureExt::now_or_never(guard.map(Result::unwrap).collect::<Vec<_>>()).unwrap();
    (out.concat(), verdict.get())
}

/// The violation and the number of bytes it took to see it, fed one at a time.
fn caught(bytes: &[u8]) -> Option<(usize, Violation)> {
    let mut scanner = FrameScanner::new();
    (1..=bytes.len()).find_map(|n| scanner.scan(&bytes[n - 1..n]).err().map(|(_, violation)| (n, violation)))
}

fn message() -> impl Strategy<Value = Vec<u8>> {
    let control =
        (8_u8..=10, vec(any::<u8>(), 0..=125)).prop_map(|(opcode, payload)| match (opcode, payload.len()) {
            (8, 1) => frame(0x88, &[]),
            _ => frame(0x80 | opcode, &payload),
        });
    let control = vec(control, 0..2).prop_map(|frames| frames.concat());
    let piece = prop_oneof![vec(any::<u8>(), 0..200), vec(any::<u8>(), 5_000..6_000)];
    (1_u8..=2, vec((piece, control), 1..5)).prop_map(|(opcode, pieces)| {
        let last = pieces.len() - 1;
        let mut bytes = Vec::new();
        for (n, (payload, between)) in pieces.iter().enumerate() {
            let fin = if n == last { 0x80 } else { 0 };
            bytes.extend(frame(fin | if n == 0 { opcode } else { 0 }, payload));
            bytes.extend_from_slice(between);
        }
        bytes
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn valid_frames_pass_unchanged_however_they_are_cut(
        messages in vec(message(), 0..6),
        cuts in vec(0_usize..4_000, 0..40),
    ) {
        let bytes = messages.concat();
        prop_assert_eq!(pass(&bytes, &cuts), (bytes.clone(), None));
        prop_assert_eq!(caught(&bytes), None);
    }

    #[test]
    fn frames_before_a_violation_pass_and_the_offender_does_not(
        messages in vec(message(), 0..4),
        declared in MAX_FRAME_BYTES + 1..u64::MAX,
        cuts in vec(0_usize..4_000, 0..40),
    ) {
        let good = messages.concat();
        let mut bytes = good.clone();
        bytes.extend(header(0x82, declared));
        let header_end = bytes.len();
        bytes.extend(vec![0; 5_000]);
        let (out, verdict) = pass(&bytes, &cuts);
        prop_assert_eq!(verdict, Some(Violation::FrameTooBig));
        prop_assert!(out.len() < header_end, "{} of {}", out.len(), header_end);
        prop_assert_eq!(&out[..good.len()], &good[..]);
    }

    #[test]
    fn any_bytes_at_all_end_in_a_verdict_or_pass_unchanged(bytes in vec(any::<u8>(), 0..2_000), cut in 0_usize..2_000) {
        let (whole, verdict) = pass(&bytes, &[]);
        let (_, cut_verdict) = pass(&bytes, &[cut]);
        prop_assert_eq!(verdict, cut_verdict);
        prop_assert!(verdict.is_some() || whole == bytes);
    }
}

#[test]
fn each_violation_is_caught_at_its_byte() {
    use Violation as V;
    let start = frame(0x01, b"half");
    let after_start = |more: &[u8]| [&start[..], more].concat();
    let big = frame(0x02, &[0; 16_384]);
    let cases: Vec<(&str, Vec<u8>, usize, V)> = vec![
        ("4 GiB", header(0x82, 4 << 30), 10, V::FrameTooBig),
        ("2^63", header(0x82, 1 << 63), 10, V::FrameTooBig),
        ("one byte over the frame", header(0x81, MAX_FRAME_BYTES + 1), 4, V::FrameTooBig),
        ("reserved bit", vec![0xc1], 1, V::ReservedBit),
        ("opcode 3", vec![0x83], 1, V::ReservedOpcode),
        ("opcode 15", vec![0x8f], 1, V::ReservedOpcode),
        ("unmasked", vec![0x81, 0x05], 2, V::Unmasked),
        ("ping in pieces", vec![0x09], 1, V::FragmentedControl),
        ("long ping", vec![0x89, 0xfe], 2, V::ControlTooBig),
        ("longer close", vec![0x88, 0xff], 2, V::ControlTooBig),
        ("close of one byte", vec![0x88, 0x81], 2, V::ShortClose),
        ("continuation of nothing", vec![0x80], 1, V::NothingToContinue),
        ("text within text", after_start(&[0x81]), start.len() + 1, V::Interleaved),
        ("two bytes for a short length", vec![0x81, 0xfe, 0, 125], 4, V::LongLength),
        (
            "eight bytes for a short length",
            [&[0x81, 0xff][..], &[0, 0, 0, 0, 0, 0, 0x10, 0]].concat(),
            10,
            V::LongLength,
        ),
        (
            "one byte over the message",
            [&big[..], &frame(0, &[0; 16_384]), &[0x80, 0x81]].concat(),
            big.len() * 2 + 2,
            V::MessageTooBig,
        ),
    ];
    for (name, bytes, at, violation) in cases {
        assert_eq!(caught(&bytes), Some((at, violation)), "{name}");
    }
    assert_eq!(
        (V::FrameTooBig.close_code(), V::MessageTooBig.close_code(), V::Unmasked.close_code()),
        (1009, 1009, 1002)
    );
}

#[test]
fn the_largest_frame_and_message_are_still_allowed() {
    let bytes =
        [frame(0x02, &[7; 16_384]), frame(0x89, &[7; 125]), frame(0x80, &[7; 16_384]), frame(0x81, b"next")];
    assert_eq!(pass(&bytes.concat(), &[3, 1, 10_000]), (bytes.concat(), None));
}

#[test]
fn after_the_verdict_nothing_more_is_read() {
    let reads = Cell::new(0);
    let endless = stream::repeat_with(|| {
        reads.set(reads.get() + 1);
        Ok(Bytes::from_static(&[0xff; 1_024]))
    });
    let (guard, verdict) = FrameGuard::new(endless);
    let out = futures_util::FutureExt::now_or_never(guard.collect::<Vec<_>>()).unwrap();
    assert!(out.is_empty());
    assert_eq!((reads.get(), verdict.get()), (1, Some(Violation::ReservedBit)));
}

#[test]
fn a_guard_holds_no_more_than_its_own_few_bytes() {
    assert!(size_of::<FrameScanner>() <= 80, "{}", size_of::<FrameScanner>());
}
