//! The table of token formats: a prefix, the class of the bytes that follow, and their minimum length.
//!
//! Lengths and alphabets follow the issuers' documentation; the rules of gitleaks (MIT) served as a
//! reference. Lengths are minimum lengths, because issuers have made tokens longer before.

use super::runs::Class;

/// What must precede a prefix.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Left {
    /// Anything: the prefix is distinctive.
    Any,
    /// Neither a letter nor a digit: the prefix is also the end of ordinary words.
    Edge,
}

/// What a body must have besides its length.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Needs {
    /// Nothing.
    Nothing,
    /// A digit and a letter: the prefix is short.
    Mixed,
    /// A CRC-32 as its last six digits, when it has 36: a proof, not a condition.
    Checksum,
}

/// One format of token.
#[derive(Debug, Clone, Copy)]
pub(super) struct Shape {
    /// The issuer.
    pub(super) kind: &'static str,
    /// The prefix.
    pub(super) prefix: &'static str,
    /// What must precede it.
    pub(super) left: Left,
    /// The class of the bytes after the prefix.
    pub(super) class: Class,
    /// The minimum length after the prefix, in bytes.
    pub(super) least: usize,
    /// What else it must have.
    pub(super) needs: Needs,
}

const fn any(kind: &'static str, prefix: &'static str, class: Class, least: usize) -> Shape {
    Shape {
        kind,
        prefix,
        left: Left::Any,
        class,
        least,
        needs: Needs::Nothing,
    }
}

const fn edge(kind: &'static str, prefix: &'static str, class: Class, least: usize) -> Shape {
    Shape {
        left: Left::Edge,
        ..any(kind, prefix, class, least)
    }
}

const fn mixed(kind: &'static str, prefix: &'static str, class: Class, least: usize) -> Shape {
    Shape {
        needs: Needs::Mixed,
        ..edge(kind, prefix, class, least)
    }
}

const fn crc(kind: &'static str, prefix: &'static str, class: Class, least: usize) -> Shape {
    Shape {
        needs: Needs::Checksum,
        ..any(kind, prefix, class, least)
    }
}

/// Every format.
pub(super) const SHAPES: &[Shape] = &[
    crc("github", "ghp_", Class::Word, 20),
    crc("github", "gho_", Class::Word, 20),
    crc("github", "ghu_", Class::Word, 20),
    crc("github", "ghr_", Class::Word, 20),
    // An app's token: 36 digits, or since April 2026 `ghs_<app id>_<JWT>`.
    crc("github", "ghs_", Class::Dotted, 20),
    any("github", "github_pat_", Class::Word, 22),
    any("gitlab", "glpat-", Class::Dotted, 16),
    any("gitlab", "gldt-", Class::Dotted, 16),
    any("gitlab", "glrt-", Class::Dotted, 16),
    any("gitlab", "glrtr-", Class::Dotted, 16),
    any("gitlab", "glcbt-", Class::Dotted, 16),
    any("gitlab", "glptt-", Class::Dotted, 16),
    any("gitlab", "gloas-", Class::Dotted, 16),
    any("gitlab", "glagent-", Class::Dotted, 16),
    any("gitlab", "glsoat-", Class::Dotted, 16),
    any("gitlab", "glimt-", Class::Dotted, 16),
    any("gitlab", "glffct-", Class::Dotted, 16),
    edge("gitlab", "glft-", Class::Dotted, 16),
    // Anthropic, OpenAI, OpenRouter and others.
    edge("sk", "sk-", Class::Word, 16),
    any("anthropic", "sk-ant-", Class::Word, 16),
    any("openai", "sk-proj-", Class::Word, 16),
    any("openai", "sk-svcacct-", Class::Word, 16),
    any("openai", "sk-admin-", Class::Word, 16),
    edge("aws", "AKIA", Class::Upper, 16),
    edge("aws", "ASIA", Class::Upper, 16),
    edge("aws", "ABIA", Class::Upper, 16),
    edge("aws", "ACCA", Class::Upper, 16),
    mixed("aws", "ABSK", Class::Token68, 40),
    any("google", "AIza", Class::Word, 30),
    any("google", "GOCSPX-", Class::Word, 20),
    any("google", "ya29.", Class::Dotted, 20),
    any("slack", "xoxb-", Class::Word, 10),
    any("slack", "xoxp-", Class::Word, 10),
    any("slack", "xoxa-", Class::Word, 10),
    any("slack", "xoxr-", Class::Word, 10),
    any("slack", "xoxs-", Class::Word, 10),
    any("slack", "xoxc-", Class::Word, 10),
    any("slack", "xoxd-", Class::Token68, 10),
    any("slack", "xoxo-", Class::Word, 10),
    any("slack", "xoxe-", Class::Word, 10),
    any("slack", "xoxe.xox", Class::Word, 10),
    any("slack", "xapp-", Class::Word, 10),
    any("slack", "hooks.slack.com/services/", Class::Token68, 16),
    any("slack", "hooks.slack.com/workflows/", Class::Token68, 16),
    any("discord", "discord.com/api/webhooks/", Class::Token68, 16),
    any(
        "discord",
        "discordapp.com/api/webhooks/",
        Class::Token68,
        16,
    ),
    any("teams", "webhook.office.com/webhookb2/", Class::Value, 16),
    any("teams", "outlook.office.com/webhook/", Class::Value, 16),
    crc("npm", "npm_", Class::Alnum, 30),
    any("pypi", "pypi-AgE", Class::Word, 16),
    Shape {
        needs: Needs::Mixed,
        ..edge("cargo", "cio", Class::Alnum, 32)
    },
    edge("huggingface", "hf_", Class::Alnum, 30),
    edge("huggingface", "api_org_", Class::Alnum, 30),
    any("stripe", "sk_live_", Class::Alnum, 10),
    any("stripe", "rk_live_", Class::Alnum, 10),
    any("stripe", "sk_test_", Class::Alnum, 10),
    any("stripe", "rk_test_", Class::Alnum, 10),
    any("stripe", "whsec_", Class::Token68, 20),
    any("docker", "dckr_pat_", Class::Word, 16),
    any("docker", "dckr_oat_", Class::Word, 16),
    any("digitalocean", "dop_v1_", Class::Hex, 32),
    any("digitalocean", "doo_v1_", Class::Hex, 32),
    any("digitalocean", "dor_v1_", Class::Hex, 32),
    any("linear", "lin_api_", Class::Alnum, 20),
    any("linear", "lin_oauth_", Class::Alnum, 20),
    edge("notion", "ntn_", Class::Alnum, 30),
    any("shopify", "shpat_", Class::Alnum, 20),
    any("shopify", "shpca_", Class::Alnum, 20),
    any("shopify", "shppa_", Class::Alnum, 20),
    any("shopify", "shpss_", Class::Alnum, 20),
    any("vault", "hvs.", Class::Word, 20),
    any("vault", "hvb.", Class::Word, 20),
    any("vault", "hvr.", Class::Word, 20),
    any("tailscale", "tskey-", Class::Word, 16),
    any("age", "AGE-SECRET-KEY-1", Class::Upper, 20),
    edge("groq", "gsk_", Class::Alnum, 30),
    mixed("xai", "xai-", Class::Alnum, 30),
    mixed("perplexity", "pplx-", Class::Alnum, 30),
    edge("replicate", "r8_", Class::Alnum, 30),
    any("nvidia", "nvapi-", Class::Word, 30),
    any("langsmith", "lsv2_pt_", Class::Word, 20),
    any("langsmith", "lsv2_sk_", Class::Word, 20),
    mixed("tavily", "tvly-", Class::Word, 20),
    mixed("sendgrid", "SG.", Class::Dotted, 40),
    mixed("twilio", "SK", Class::Hex, 32),
    mixed("mailgun", "key-", Class::Hex, 32),
    any("brevo", "xkeysib-", Class::Word, 30),
    any("postman", "PMAK-", Class::Word, 20),
    mixed("pulumi", "pul-", Class::Hex, 40),
    any("doppler", "dp.pt.", Class::Alnum, 20),
    any("doppler", "dp.st.", Class::Dotted, 20),
    any("sentry", "sntrys_", Class::Token68, 20),
    any("sentry", "sntryu_", Class::Hex, 32),
    any("figma", "figd_", Class::Word, 20),
    any("rubygems", "rubygems_", Class::Hex, 40),
    any("newrelic", "NRAK-", Class::Upper, 20),
    any("grafana", "glsa_", Class::Word, 30),
    mixed("grafana", "glc_", Class::Token68, 30),
    mixed("databricks", "dapi", Class::Hex, 32),
    any("atlassian", "ATATT3", Class::Token68, 30),
    any("atlassian", "ATCTT3", Class::Token68, 30),
    any("bitbucket", "ATBB", Class::Alnum, 24),
    any("bitbucket", "BBDC-", Class::Token68, 20),
    any("sourcegraph", "sgp_", Class::Word, 32),
    any("clojars", "CLOJARS_", Class::Alnum, 30),
    any("square", "sq0atp-", Class::Word, 20),
    any("square", "sq0csp-", Class::Word, 20),
    any("posthog", "phx_", Class::Alnum, 30),
    any("fly", "fm2_", Class::Token68, 40),
    any("fly", "fo1_", Class::Word, 30),
    mixed("e2b", "e2b_", Class::Hex, 30),
    any("onepassword", "ops_eyJ", Class::Token68, 40),
    any("planetscale", "pscale_tkn_", Class::Dotted, 20),
    any("planetscale", "pscale_pw_", Class::Dotted, 20),
    any("supabase", "sbp_", Class::Alnum, 32),
    any("supabase", "sb_secret_", Class::Word, 20),
    any("vercel", "vercel_blob_rw_", Class::Word, 20),
    any("heroku", "HRKU-", Class::Word, 30),
    any("dynatrace", "dt0c01.", Class::Dotted, 30),
];
