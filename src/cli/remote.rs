//! The running service, found by `data/service.json`: verbs that change something run inside it.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::cli::context::make_private_folder;
use crate::cli::output::Failure;
use crate::config::Config;

/// The file that a running service leaves beside its database, readable by its owner only.
#[derive(Debug, Serialize, Deserialize)]
struct Contents {
    pid: u32,
    url: String,
    token: Option<String>,
}

/// The service file of a running service.
pub struct ServiceFile(PathBuf);

fn path(config: &Config) -> PathBuf {
    config.data.join("service.json")
}

impl ServiceFile {
    /// Writes it, mode 0600.
    pub fn write(config: &Config, address: SocketAddr, token: Option<String>) -> Result<Self, Failure> {
        make_private_folder(&config.data)?;
        let contents = Contents { pid: std::process::id(), url: format!("http://{address}"), token };
        let path = path(config);
        // Left by a process that was killed: its mode could be another one.
        if path.exists() {
            std::fs::remove_file(&path)?;
        }
        let mut options = std::fs::OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(&path)?;
        serde_json::to_writer(file, &contents)?;
        Ok(Self(path))
    }

    /// Removes it.
    pub fn remove(self) {
        // It may be gone already; a stale one is noticed when nobody answers.
        let _ = std::fs::remove_file(self.0);
    }
}

/// A running service.
pub struct Service {
    contents: Contents,
    client: reqwest::Client,
}

/// The running service of a configuration; none if nobody answers.
pub async fn service(config: &Config) -> Option<Service> {
    let contents: Contents = serde_json::from_slice(&std::fs::read(path(config)).ok()?).ok()?;
    crate::connector::install_provider();
    let client = reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .timeout(Duration::from_secs(600))
        .connect_timeout(Duration::from_secs(2))
        .build()
        .ok()?;
    let answer = client.get(format!("{}/healthz", contents.url)).timeout(Duration::from_secs(3)).send().await.ok()?;
    answer.status().is_success().then_some(Service { contents, client })
}

impl Service {
    /// Does an action; the answer's JSON, or the problem's sentence.
    pub async fn post(&self, path: &str, body: &Value) -> Result<Value, Failure> {
        let mut request = self.client.post(format!("{}/api/v1{path}", self.contents.url));
        request = request.header("content-type", "application/json").body(body.to_string());
        if let Some(token) = &self.contents.token {
            request = request.bearer_auth(token);
        }
        let mut response = request.send().await?;
        let status = response.status();
        let mut bytes = Vec::new();
        while let Some(chunk) = response.chunk().await? {
            bytes.extend_from_slice(&chunk);
            if bytes.len() > 64 << 20 {
                return Err(Failure::failed("the service's answer is too large"));
            }
        }
        let value: Value = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
        if status.is_success() {
            return Ok(value);
        }
        let detail = value.get("detail").or_else(|| value.get("title")).and_then(Value::as_str);
        Err(Failure::failed(detail.map_or_else(|| format!("the service answered {status}"), str::to_owned)))
    }
}

/// A text as one segment of a path.
pub fn segment(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>().replace('+', "%20")
}
