//! How the function reaches AWS.

use std::time::Duration;

use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, SdkConfig};
use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};

/// The longest that one call may take with its retries.
pub const CALL: Duration = Duration::from_secs(10);
/// The longest that one try may take.
const TRY: Duration = Duration::from_secs(3);

/// What every client starts from: region and credentials from the environment, three tries, TLS with ring.
pub async fn config() -> SdkConfig {
    let http = Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https();
    aws_config::defaults(BehaviorVersion::v2026_01_12())
        .http_client(http)
        .retry_config(RetryConfig::standard().with_max_attempts(3))
        .timeout_config(TimeoutConfig::builder().operation_timeout(CALL).operation_attempt_timeout(TRY).build())
        .load()
        .await
}
