//! Lists a page at a time, as the console of the dispatch turns them.

use actix_web::HttpRequest;
use form_urlencoded::Serializer;

use crate::error::ApiError;
use crate::store::Slice;

/// How many a page has where nobody says.
const USUAL: u32 = 20;

/// The last page that is looked for.
const LAST: u32 = 100_000;

/// Which page of how many each.
#[derive(Debug, Clone, Copy)]
pub(super) struct Paging {
    page: u32,
    size: u32,
}

impl Paging {
    /// The page that is asked for, with at most so many.
    pub(super) fn of(page: Option<u32>, size: Option<u32>, most: u32) -> Result<Self, ApiError> {
        let page = page.unwrap_or(1);
        if !(1..=LAST).contains(&page) {
            return Err(ApiError::unprocessable("page", "must be at least 1"));
        }
        let size = size.unwrap_or(USUAL);
        if size == 0 {
            return Err(ApiError::unprocessable("page_size", "must be at least 1"));
        }
        Ok(Self { page, size: size.min(most) })
    }

    /// The part of the list.
    pub(super) const fn slice(self) -> Slice {
        Slice { offset: (self.page - 1) * self.size, limit: self.size }
    }

    /// The addresses of the next page and of the one before, if there are any.
    pub(super) fn links(self, req: &HttpRequest, count: u64) -> (Option<String>, Option<String>) {
        let at = |page: u32| {
            let others =
                form_urlencoded::parse(req.query_string().as_bytes()).filter(|(name, _)| name != "page");
            let mut query = Serializer::new(String::new());
            query.extend_pairs(others).append_pair("page", &page.to_string());
            format!("{}/?{}", req.path().trim_end_matches('/'), query.finish())
        };
        let is_more = u64::from(self.page) * u64::from(self.size) < count;
        (is_more.then(|| at(self.page + 1)), (self.page > 1).then(|| at(self.page - 1)))
    }
}
