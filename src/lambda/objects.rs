//! Objects of S3 that hold logs: fetched whole, and bounded.

use std::fmt;

use aws_sdk_s3::Client;
use aws_sdk_s3::error::DisplayErrorContext;
use aws_sdk_s3::operation::get_object::GetObjectError;
use aws_sdk_s3::primitives::ByteStream;

use super::payload::Object;
use crate::decode::gzip::{InflateError, Inflater};

/// Packed bytes that are fetched at most, as a share of those that they may inflate to: logs pack about ten to one.
const PACKED: u64 = 4;
/// The share of the function's memory that one object may inflate to.
const SHARE: usize = 4;

/// Why an object was not read, or not to its end.
#[derive(Debug)]
pub enum Unfetched {
    /// It is not there any more: nobody can read it.
    Gone,
    /// It is larger than what is fetched, or inflates to more, or is damaged. What came out before that is read.
    Unread(Vec<u8>, String),
    /// S3 did not give it: it may, when it is asked again.
    Failed(String),
}

impl fmt::Display for Unfetched {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Unfetched::Gone => f.write_str("is not there any more"),
            Unfetched::Unread(_, what) | Unfetched::Failed(what) => f.write_str(what),
        }
    }
}

/// Fetches objects.
#[derive(Debug)]
pub struct Objects {
    client: Client,
    cap: usize,
}

impl Objects {
    /// Fetches with this client, for a function that has so many megabytes of memory.
    #[must_use]
    pub fn new(client: Client, megabytes: usize) -> Objects {
        Objects { client, cap: (megabytes << 20) / SHARE }
    }

    /// The inflated bytes of an object.
    ///
    /// # Errors
    /// When it is not there, is too large, or S3 does not answer.
    pub async fn fetch(&self, object: &Object) -> Result<Vec<u8>, Unfetched> {
        let Object { bucket, key, version } = object;
        let request = self.client.get_object().bucket(bucket).key(key).set_version_id(version.clone());
        let answer = match request.send().await {
            Ok(answer) => answer,
            Err(error) if matches!(error.as_service_error(), Some(GetObjectError::NoSuchKey(_))) => {
                return Err(Unfetched::Gone);
            }
            Err(error) => return Err(Unfetched::Failed(DisplayErrorContext(&error).to_string())),
        };
        let packed = self.whole(answer.body).await?;
        let mut bytes = Vec::new();
        match Inflater::new().inflate(&packed, &mut bytes, self.cap) {
            Ok(()) => Ok(bytes),
            Err(InflateError::TooLarge { cap }) => Err(Unfetched::Unread(bytes, self.too_large("inflates to", cap))),
            Err(error) => Err(Unfetched::Unread(bytes, error.to_string())),
        }
    }

    /// All bytes of a body, or as many as are fetched at most.
    async fn whole(&self, mut body: ByteStream) -> Result<Vec<u8>, Unfetched> {
        let most = self.cap as u64 / PACKED;
        let mut packed = Vec::new();
        while let Some(chunk) = body.next().await {
            let chunk = chunk.map_err(|error| Unfetched::Failed(DisplayErrorContext(&error).to_string()))?;
            if (packed.len() + chunk.len()) as u64 > most {
                return Err(Unfetched::Unread(Vec::new(), self.too_large("has", most as usize)));
            }
            packed.extend_from_slice(&chunk);
        }
        Ok(packed)
    }

    fn too_large(&self, does: &str, bytes: usize) -> String {
        format!("{does} more than {bytes} bytes, the most that is read with this much memory")
    }
}
