//! Files in a bucket of an S3-compatible service, under the same names. Addresses are signed for a minute;
//! they, and whatever the service says, stay out of logs and answers.

use std::io::{self, Read, Seek};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::{Bytes, BytesMut};
use peerpack_actors::time::Time;
use reqwest::{Client, Response, StatusCode, Url, redirect};
use rusty_s3::actions::ListObjectsV2;
use rusty_s3::{Bucket, Credentials, S3Action, UrlStyle};
use tokio::runtime::Handle;
use tokio::sync::Semaphore;

use super::{Content, FileName, Page, Storage};
use crate::config::BucketConfig;

/// How long a signed address is good.
const SIGNED_FOR: Duration = Duration::from_secs(60);

/// How long the service may take over one request.
const WITHIN: Duration = Duration::from_secs(10);

const CONNECTED_WITHIN: Duration = Duration::from_secs(3);

/// Files on their way to or from the service at once; each is in memory as a whole.
const AT_ONCE: usize = 8;

/// The longest answer that is read: a document, or a page of names.
const LONGEST_ANSWER: usize = 16 * 1024 * 1024;

/// The files of a bucket of an S3-compatible service.
pub(super) struct S3 {
    service: Arc<Service>,
    /// The workers have runtimes of their own; connections belong to this one.
    runtime: Handle,
}

struct Service {
    client: Client,
    bucket: Bucket,
    credentials: Credentials,
    places: Semaphore,
}

impl S3 {
    /// A bucket that must be there. Needs a running runtime.
    pub(super) fn new(config: &BucketConfig) -> io::Result<Self> {
        let client = Client::builder()
            .redirect(redirect::Policy::none())
            .no_proxy()
            .timeout(WITHIN)
            .connect_timeout(CONNECTED_WITHIN)
            .pool_max_idle_per_host(AT_ONCE)
            .build()
            .map_err(io::Error::other)?;
        let endpoint = Url::parse(&config.endpoint).map_err(io::Error::other)?;
        let (name, region) = (config.bucket.clone(), config.region.clone());
        let bucket = Bucket::new(endpoint, UrlStyle::Path, name, region);
        let bucket = bucket.map_err(|error| io::Error::other(format!("{error:?}")))?;
        let credentials = Credentials::new(config.access_key.clone(), config.secret_key.reveal());
        let places = Semaphore::new(AT_ONCE);
        let service = Arc::new(Service { client, bucket, credentials, places });
        Ok(Self { service, runtime: Handle::current() })
    }

    async fn run<T: Send + 'static, F: Future<Output = io::Result<T>> + Send + 'static>(
        &self,
        work: impl FnOnce(Arc<Service>) -> F,
    ) -> io::Result<T> {
        self.runtime.spawn(work(Arc::clone(&self.service))).await.map_err(io::Error::other)?
    }
}

#[async_trait]
impl Storage for S3 {
    async fn put(&self, name: FileName, content: Content) -> io::Result<()> {
        self.run(move |service| async move { service.put(name, content).await }).await
    }

    async fn get(&self, name: FileName) -> io::Result<Option<Bytes>> {
        self.run(move |service| async move { service.get(name).await }).await
    }

    async fn remove(&self, name: FileName) -> io::Result<()> {
        self.run(move |service| async move { service.remove(name).await }).await
    }

    async fn list(&self, from: Option<String>) -> io::Result<Page> {
        self.run(move |service| async move { service.list(from).await }).await
    }

    /// The service shows a file when it has all of it.
    async fn clear_unfinished(&self, _before: Time) -> io::Result<()> {
        Ok(())
    }
}

impl Service {
    async fn put(&self, name: FileName, content: Content) -> io::Result<()> {
        let _place = self.places.acquire().await.map_err(io::Error::other)?;
        let bytes = match content {
            Content::Bytes(bytes) => bytes,
            Content::File(file) => {
                tokio::task::spawn_blocking(move || whole(file)).await.map_err(io::Error::other)??
            }
        };
        let key = name.to_string();
        let url = self.bucket.put_object(Some(&self.credentials), &key).sign(SIGNED_FOR);
        let answer = self.client.put(url).body(bytes).send().await.map_err(failed)?;
        expect(&answer)
    }

    async fn get(&self, name: FileName) -> io::Result<Option<Bytes>> {
        let _place = self.places.acquire().await.map_err(io::Error::other)?;
        let key = name.to_string();
        let url = self.bucket.get_object(Some(&self.credentials), &key).sign(SIGNED_FOR);
        let answer = self.client.get(url).send().await.map_err(failed)?;
        if answer.status() == StatusCode::NOT_FOUND {
            return Ok(None);
        }
        expect(&answer)?;
        body(answer).await.map(Some)
    }

    async fn remove(&self, name: FileName) -> io::Result<()> {
        let key = name.to_string();
        let url = self.bucket.delete_object(Some(&self.credentials), &key).sign(SIGNED_FOR);
        let answer = self.client.delete(url).send().await.map_err(failed)?;
        if answer.status() == StatusCode::NOT_FOUND { Ok(()) } else { expect(&answer) }
    }

    async fn list(&self, from: Option<String>) -> io::Result<Page> {
        let mut list = self.bucket.list_objects_v2(Some(&self.credentials));
        if let Some(from) = from {
            list.with_continuation_token(from);
        }
        let url = list.sign(SIGNED_FOR);
        let answer = self.client.get(url).send().await.map_err(failed)?;
        expect(&answer)?;
        let text = String::from_utf8(body(answer).await?.to_vec()).map_err(io::Error::other)?;
        let listed = ListObjectsV2::parse_response(&text).map_err(io::Error::other)?;
        // What is not of our making stays where it is, and so does what has no age.
        let file = |key: &str, at: Option<String>| {
            let at: jiff::Timestamp = at?.parse().ok()?;
            Some((FileName::parse(key)?, Time::from_ms(at.as_millisecond())))
        };
        let files = listed.contents.into_iter().filter_map(|one| file(&one.key, one.last_modified));
        Ok(Page { files: files.collect(), next: listed.next_continuation_token })
    }
}

fn whole(mut file: std::fs::File) -> io::Result<Bytes> {
    let mut bytes = Vec::new();
    file.rewind()?;
    file.read_to_end(&mut bytes)?;
    Ok(bytes.into())
}

async fn body(mut answer: Response) -> io::Result<Bytes> {
    let mut body = BytesMut::new();
    while let Some(chunk) = answer.chunk().await.map_err(failed)? {
        if body.len() + chunk.len() > LONGEST_ANSWER {
            return Err(io::Error::other("the answer is too long"));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.freeze())
}

fn expect(answer: &Response) -> io::Result<()> {
    let status = answer.status();
    if status.is_success() { Ok(()) } else { Err(io::Error::other(format!("the storage answered {status}"))) }
}

/// Without the address, whose signature would open the file.
fn failed(error: reqwest::Error) -> io::Error {
    io::Error::other(error.without_url())
}
