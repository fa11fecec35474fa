//! Where blobs are kept.

use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey};
use object_store::local::LocalFileSystem;
use object_store::prefix::PrefixStore;
use object_store::{ObjectStore, RetryConfig};

use super::BlobError;

/// The folder of blobs in the folder of a relay's data.
const FOLDER: &str = "blobs";
/// A store that fails for so long is said to; whoever waits asks again.
const RETRY_TIME: Duration = Duration::from_secs(20);

/// Where blobs are kept: `--blobs`, `BEZEL_BLOBS`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum BlobLocation {
    /// The folder `blobs` of the relay's data.
    #[default]
    Data,
    /// Another folder.
    Folder(PathBuf),
    /// A bucket of S3-compatible storage. Who may use it, region and endpoint come from the environment, under the names that other
    /// programs use: `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_REGION`, `AWS_ENDPOINT_URL`.
    S3 {
        /// The bucket.
        bucket: String,
        /// What the names of all objects begin with; may be empty.
        prefix: String,
    },
}

/// Not a place for blobs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a folder, or s3://BUCKET or s3://BUCKET/PREFIX is wanted")]
pub struct BadBlobLocation;

impl FromStr for BlobLocation {
    type Err = BadBlobLocation;

    fn from_str(text: &str) -> Result<Self, BadBlobLocation> {
        let Some(rest) = text.strip_prefix("s3://") else {
            let is_folder = !text.is_empty() && !text.contains("://");
            return if is_folder { Ok(Self::Folder(text.into())) } else { Err(BadBlobLocation) };
        };
        let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        let is_name = |part: &str| part.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_'));
        let prefix = prefix.trim_end_matches('/');
        let is_prefix = prefix.is_empty() || prefix.split('/').all(|part| !part.trim_matches('.').is_empty() && is_name(part));
        if bucket.is_empty() || !is_name(bucket) || !is_prefix {
            return Err(BadBlobLocation);
        }
        Ok(Self::S3 { bucket: bucket.into(), prefix: prefix.into() })
    }
}

/// A store, and its folder where it is one.
type Opened = (Arc<dyn ObjectStore>, Option<PathBuf>);

impl BlobLocation {
    /// The folder where they are, where it is one.
    pub(crate) fn folder(&self, data: &Path) -> Option<PathBuf> {
        match self {
            Self::Data => Some(Self::in_data(data)),
            Self::Folder(folder) => Some(folder.clone()),
            Self::S3 { .. } => None,
        }
    }

    /// The folder of blobs in a folder of data.
    pub(crate) fn in_data(data: &Path) -> PathBuf {
        data.join(FOLDER)
    }

    pub(super) fn open(&self, data: &Path) -> Result<Opened, BlobError> {
        match self {
            Self::Data => open_folder(&Self::in_data(data)),
            Self::Folder(folder) => open_folder(folder),
            Self::S3 { bucket, prefix } => open_s3(bucket, prefix),
        }
    }
}

fn open_folder(folder: &Path) -> Result<Opened, BlobError> {
    crate::server::create_private_folder(folder).map_err(BlobError::Folder)?;
    let files = LocalFileSystem::new_with_prefix(folder)?.with_fsync(true).with_automatic_cleanup(true);
    Ok((Arc::new(files), Some(folder.to_owned())))
}

fn open_s3(bucket: &str, prefix: &str) -> Result<Opened, BlobError> {
    // One provider for all TLS; who embeds the relay may have chosen it already.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let retry = RetryConfig { max_retries: 4, retry_timeout: RETRY_TIME, ..RetryConfig::default() };
    let mut builder = AmazonS3Builder::from_env().with_bucket_name(bucket).with_retry(retry);
    if builder.get_config_value(&AmazonS3ConfigKey::Endpoint).is_some_and(|endpoint| is_plain_loopback(&endpoint)) {
        builder = builder.with_allow_http(true);
    }
    let s3 = builder.build()?;
    Ok((if prefix.is_empty() { Arc::new(s3) } else { Arc::new(PrefixStore::new(s3, prefix)) }, None))
}

/// Plain HTTP goes no further than this machine.
fn is_plain_loopback(endpoint: &str) -> bool {
    let Some(rest) = endpoint.strip_prefix("http://") else { return false };
    let host = rest.split('/').next().unwrap_or_default();
    let host = host.rsplit_once(':').map_or(host, |(host, _)| host);
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<std::net::IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_location_is_a_folder_or_a_bucket() {
        let s3 = |bucket: &str, prefix: &str| Ok(BlobLocation::S3 { bucket: bucket.into(), prefix: prefix.into() });
        assert_eq!("/srv/blobs".parse(), Ok(BlobLocation::Folder("/srv/blobs".into())));
        assert_eq!("s3://maison-lune".parse(), s3("maison-lune", ""));
        assert_eq!("s3://maison-lune/bezel/blobs/".parse(), s3("maison-lune", "bezel/blobs"));
        for bad in ["", "s3://", "s3:///prefix", "s3://b/../x", "s3://b/a//c", "s3://b?x", "http://b", "gs://b"] {
            assert_eq!(bad.parse::<BlobLocation>(), Err(BadBlobLocation), "{bad}");
        }
    }

    #[test]
    fn only_an_endpoint_on_this_machine_is_spoken_to_in_the_clear() {
        for endpoint in ["http://127.0.0.1:9000", "http://localhost:9000/x", "http://[::1]:9000"] {
            assert!(is_plain_loopback(endpoint), "{endpoint}");
        }
        for endpoint in ["http://10.0.0.1:9000", "http://localhost.example:9000", "https://127.0.0.1", "http://127.0.0.1.example"] {
            assert!(!is_plain_loopback(endpoint), "{endpoint}");
        }
    }
}
