//! `http`: sends one request to an origin that the policy lists.

use async_trait::async_trait;
use hyper::Method;
use schemars::JsonSchema;
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};
use url::Url;

use crate::http::{Client, ClientOptions, HttpError, Redirects, Request};
use crate::names::Origin;
use crate::net::PlainHttp;
use crate::pipeline::{Context, ErrorKind, Outcome, Outputs, Step, StepDef, StepError};
use crate::policy::Policy;
use crate::reason::Code;
use crate::template::Template;

pub(super) const STEP: StepDef = StepDef::of::<Http>(
    "http",
    "Sends one request to an origin that `http.allowed` lists.",
)
.ships();

/// The deepest nesting of a body.
const MAX_BODY_DEPTH: usize = 16;

/// Send one request to an origin that `http.allowed` lists
#[derive(Debug, Clone, Default, Deserialize, Serialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Http {
    /// The URL. Redirects are refused.
    url: String,
    /// The method.
    method: HttpMethod,
    /// The body, sent as JSON. Its strings are templates; keys, numbers and booleans are sent unchanged.
    body: Option<Body>,
}

crate::classes!(Http {
    url: C,
    method: C,
    body: C
});

/// The method of a request.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
enum HttpMethod {
    /// GET.
    Get,
    /// POST.
    #[default]
    Post,
    /// PUT.
    Put,
    /// PATCH.
    Patch,
    /// DELETE.
    Delete,
}

/// A JSON value whose strings are templates that compile.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[serde(transparent)]
#[schemars(extend("format" = Template::FORMAT))]
struct Body(Value);

impl<'de> Deserialize<'de> for Body {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        fill(&value, 0, &|source| {
            Template::new(source)
                .map(|_| String::new())
                .map_err(|error| error.to_string())
        })
        .map_err(D::Error::custom)?;
        Ok(Self(value))
    }
}

#[async_trait(?Send)]
impl Step for Http {
    fn mistake(&self, policy: &Policy) -> Option<(&'static str, StepError)> {
        Some(("url", self.allowed_target(policy).err()?))
    }

    async fn run(&self, cx: &Context<'_>) -> Result<Outcome, StepError> {
        let (url, origin) = self.allowed_target(cx.policy)?;
        let body = match &self.body {
            None => None,
            Some(body) => {
                let facts = cx.outgoing_facts(&str::to_owned).await?;
                let filled = fill(&body.0, 0, &|source| {
                    let template = Template::new(source).map_err(|error| error.to_string())?;
                    template.render(&facts).map_err(|error| error.to_string())
                });
                let filled = filled.map_err(|message| {
                    denied(
                        Code::Template,
                        format!("`body` cannot be rendered: {message}"),
                    )
                    .advise("correct the templates in `body`")
                })?;
                Some(cx.secrets.outgoing_json(filled))
            }
        };
        let options = ClientOptions {
            plain_http: PlainHttp::to([origin.host().to_owned()]),
            network: cx.network.clone(),
            redirects: Redirects::Refused,
            ..ClientOptions::new(cx.policy.limits().http_timeout.duration())
        };
        let request = Request::with_method(self.method(), url, body.as_ref())
            .map_err(|error| failed(&error))?;
        let response = Client::new(options)
            .send(request)
            .await
            .map_err(|error| failed(&error))?;
        let status = response.status();
        if !response.is_success() {
            let kind = match status {
                408 | 425 | 429 | 500.. => ErrorKind::Transient,
                _ => ErrorKind::Denied,
            };
            let summary = format!("{origin} answered {status}: {}", response.excerpt());
            return Err(StepError::new(kind, Code::HttpStatus, summary)
                .advise("see what the server expects, and correct `url`, `method` or `body`"));
        }
        let mut outputs = Outputs::new();
        outputs.insert("status".into(), status.into());
        Ok(Outcome::Done {
            summary: format!("{origin} answered {status}"),
            outputs,
        })
    }
}

impl Http {
    /// Checks the URL, and that the policy lists its origin.
    fn allowed_target(&self, policy: &Policy) -> Result<(Url, Origin), StepError> {
        let (url, origin) = self.target()?;
        if policy.http().lists(&origin) {
            return Ok((url, origin));
        }
        let message = format!("`http.allowed` does not list {origin}");
        Err(denied(Code::NotAllowed, message)
            .advise("add the origin to `http.allowed` in the user's policy"))
    }

    /// Checks the URL. A password in it would be shown in reports.
    fn target(&self) -> Result<(Url, Origin), StepError> {
        let wrong = |why: &str| {
            denied(Code::BadUrl, format!("`url` of the step {why}"))
                .advise("set it to an address such as https://hooks.example/run")
        };
        if self.url.is_empty() {
            return Err(wrong("is not set"));
        }
        let url = Url::parse(&self.url).map_err(|_| wrong("is not a URL"))?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(wrong("contains a user name or a password"));
        }
        let origin = Origin::of(&url).ok_or_else(|| wrong("is not an http(s) URL"))?;
        Ok((url, origin))
    }

    const fn method(&self) -> Method {
        match self.method {
            HttpMethod::Get => Method::GET,
            HttpMethod::Post => Method::POST,
            HttpMethod::Put => Method::PUT,
            HttpMethod::Patch => Method::PATCH,
            HttpMethod::Delete => Method::DELETE,
        }
    }
}

/// Replaces every string in a value with the result of `make`.
fn fill(
    value: &Value,
    depth: usize,
    make: &impl Fn(&str) -> Result<String, String>,
) -> Result<Value, String> {
    if depth > MAX_BODY_DEPTH {
        return Err(format!("it is more than {MAX_BODY_DEPTH} levels deep"));
    }
    Ok(match value {
        Value::String(source) => Value::String(make(source)?),
        Value::Array(values) => {
            let values = values.iter().map(|value| fill(value, depth + 1, make));
            Value::Array(values.collect::<Result<_, _>>()?)
        }
        Value::Object(entries) => {
            let mut filled = Map::with_capacity(entries.len());
            for (key, value) in entries {
                filled.insert(key.clone(), fill(value, depth + 1, make)?);
            }
            Value::Object(filled)
        }
        other => other.clone(),
    })
}

fn denied(code: Code, summary: String) -> StepError {
    StepError::new(ErrorKind::Denied, code, summary)
}

fn failed(error: &HttpError) -> StepError {
    let class = error.class();
    let kind = if error.is_transient() {
        ErrorKind::Transient
    } else {
        ErrorKind::Denied
    };
    StepError::new(kind, class.code(), error.to_string()).advise(error.advice())
}
