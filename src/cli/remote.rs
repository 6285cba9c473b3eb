//! The running service, found by `data/service.json`: verbs that change something run inside it.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::cli::context::make_private_folder;
use crate::cli::output::Failure;
use crate::config::Config;
use crate::files;
use crate::secret::Secret;

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
    /// Writes it whole, mode 0600, over what a process that was killed may have left.
    pub fn write(config: &Config, mut address: SocketAddr, token: Option<&Secret>) -> Result<Self, Failure> {
        make_private_folder(&config.data)?;
        if address.ip().is_unspecified() {
            address.set_ip(if address.is_ipv4() { Ipv4Addr::LOCALHOST.into() } else { Ipv6Addr::LOCALHOST.into() });
        }
        let token = token.map(|token| token.reveal().to_owned());
        let contents = Contents { pid: std::process::id(), url: format!("http://{address}"), token };
        let path = path(config);
        files::write(&path, &serde_json::to_vec(&contents)?)?;
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
    /// What it said of itself when it was found.
    pub info: Value,
}

/// The running service of a configuration; none if nobody answers, or somebody else does at the address of one that
/// was killed.
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
    let mut service = Service { contents, client, info: Value::Null };
    let info = service.request("/info", None).timeout(Duration::from_secs(3));
    service.info = answer(info).await.ok()?;
    (service.info.get("pid").and_then(Value::as_u64) == Some(service.contents.pid.into())).then_some(service)
}

impl Service {
    /// Does an action; the answer's JSON, or the problem's sentence.
    pub async fn post(&self, path: &str, body: &Value) -> Result<Value, Failure> {
        answer(self.request(path, Some(body))).await
    }

    /// Reads; the answer's JSON, or the problem's sentence.
    pub async fn get(&self, path: &str) -> Result<Value, Failure> {
        answer(self.request(path, None)).await
    }

    /// Posts a body; reads where there is none.
    fn request(&self, path: &str, body: Option<&Value>) -> reqwest::RequestBuilder {
        let url = format!("{}/api/v1{path}", self.contents.url);
        let mut request = match body {
            Some(body) => self.client.post(url).header("content-type", "application/json").body(body.to_string()),
            None => self.client.get(url),
        };
        if let Some(token) = &self.contents.token {
            request = request.bearer_auth(token);
        }
        request
    }
}

async fn answer(request: reqwest::RequestBuilder) -> Result<Value, Failure> {
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
    let told = detail.map_or_else(|| format!("the service answered {status}"), str::to_owned);
    // A scheme or target that the service does not know.
    if status == reqwest::StatusCode::NOT_FOUND { Err(Failure::Usage(told)) } else { Err(Failure::failed(told)) }
}

/// A text as one segment of a path.
pub fn segment(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>().replace('+', "%20")
}
