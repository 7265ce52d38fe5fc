use futures_util::TryStreamExt;

use super::*;

const SHORT: Patience = Patience { stall: Duration::from_millis(100), total: Duration::from_millis(300) };

/// A body of so many pieces, each after a while.
fn pieces(
    piece: usize,
    count: usize,
    gap: Duration,
) -> impl Stream<Item = Result<Bytes, PayloadError>> + Unpin {
    let piece = Bytes::from(vec![b'x'; piece]);
    let pieces = stream::iter(std::iter::repeat_n(piece, count));
    Box::pin(pieces.then(move |piece| async move {
        if !gap.is_zero() {
            tokio::time::sleep(gap).await;
        }
        Ok(piece)
    }))
}

async fn read(
    payload: impl Stream<Item = Result<Bytes, PayloadError>> + Unpin,
    most: usize,
) -> Result<usize, ApiError> {
    let read: Result<Vec<Bytes>, PayloadError> = body(payload, most, SHORT).try_collect().await;
    read.map(|pieces| pieces.len()).map_err(|error| refusal(&MultipartError::Payload(error), most))
}

#[tokio::test]
async fn x_08_a_body_has_some_time_for_each_piece_and_some_in_all() {
    let ms = Duration::from_millis;
    assert_eq!(read(pieces(1, 3, ms(10)), 100).await, Ok(3));
    assert_eq!(read(pieces(1, 1, ms(5_000)), 100).await, Err(ApiError::too_slow()), "stands still");
    assert_eq!(read(pieces(1, 5_000, ms(20)), 10_000).await, Err(ApiError::too_slow()), "goes on and on");
}

#[tokio::test]
async fn what_is_too_large_is_read_to_its_end_if_that_is_near() {
    let (most, kib) = (2 * 1024 * 1024, 1024);
    assert_eq!(read(pieces(kib, 2 * kib, Duration::ZERO), most).await, Ok(2 * kib));
    assert_eq!(read(pieces(kib, 3 * kib, Duration::ZERO), most).await, Err(ApiError::too_large(most)));
    assert_eq!(read(pieces(kib, usize::MAX, Duration::ZERO), most).await, Err(ApiError::too_large(most)));
}
