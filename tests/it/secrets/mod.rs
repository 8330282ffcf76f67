//! Redaction: formats in contexts, what must stay, and that nothing of a canary survives.

mod held;
mod keywords;

use proptest::prelude::*;
use sendoff::secrets::{Proof, find, redact};
use sendoff_testing::supervise;

/// Made-up tokens, put together here so that no scanner takes this file for a leak.
fn canaries() -> Vec<(&'static str, String)> {
    let alnum = |n: usize| {
        "aB3dE5fG7hJ9kL1mN2pQ4rS6tU8vW0xY"
            .chars()
            .cycle()
            .take(n)
            .collect::<String>()
    };
    let upper = |n: usize| {
        "Q7RSTUVW2XYZ3ABC4DEF"
            .chars()
            .cycle()
            .take(n)
            .collect::<String>()
    };
    let hex = |n: usize| {
        "0f1e2d3c4b5a69788796"
            .chars()
            .cycle()
            .take(n)
            .collect::<String>()
    };
    let jwt = format!("eyJ{}.eyJ{}.{}-_x", alnum(20), alnum(40), alnum(43));
    vec![
        ("github classic", format!("ghp_{}", alnum(36))),
        ("github oauth", format!("gho_{}", alnum(36))),
        ("github user", format!("ghu_{}", alnum(36))),
        ("github refresh", format!("ghr_{}", alnum(36))),
        ("github app", format!("ghs_{}", alnum(36))),
        ("github app 2026", format!("ghs_1234567_{jwt}")),
        (
            "github fine-grained",
            format!("github_pat_{}_{}", alnum(22), alnum(59)),
        ),
        ("gitlab", format!("glpat-{}", alnum(20))),
        (
            "gitlab routable",
            format!("glpat-{}.01.{}", alnum(27), alnum(7)),
        ),
        ("gitlab runner", format!("glrt-{}", alnum(20))),
        ("gitlab deploy", format!("gldt-{}", alnum(20))),
        (
            "anthropic",
            format!("sk-ant-api03-{}-_{}AA", alnum(50), alnum(41)),
        ),
        ("anthropic oauth", format!("sk-ant-oat01-{}", alnum(80))),
        (
            "openai project",
            format!("sk-proj-{}T3BlbkFJ{}", alnum(20), alnum(20)),
        ),
        (
            "openai legacy",
            format!("sk-{}T3BlbkFJ{}", alnum(20), alnum(20)),
        ),
        ("openrouter", format!("sk-or-v1-{}", hex(64))),
        ("aws", format!("AKIA{}", upper(16))),
        ("aws session", format!("ASIA{}", upper(16))),
        ("bedrock", format!("ABSK{}", alnum(60))),
        ("google", format!("AIza{}", alnum(35))),
        ("google oauth", format!("GOCSPX-{}", alnum(28))),
        ("google access", format!("ya29.{}", alnum(60))),
        ("slack bot", format!("xoxb-1234567890-{}", alnum(24))),
        ("slack app", format!("xapp-1-A0-123-{}", hex(40))),
        (
            "slack hook",
            format!("hooks.slack.com/services/T0/B0/{}", alnum(24)),
        ),
        ("npm", format!("npm_{}", alnum(36))),
        ("pypi", format!("pypi-AgEIcHlwaS5vcmc{}", alnum(60))),
        ("cargo", format!("cio{}", alnum(32))),
        ("huggingface", format!("hf_{}", alnum(34))),
        ("stripe", format!("sk_live_{}", alnum(24))),
        ("stripe restricted", format!("rk_live_{}", alnum(24))),
        ("stripe webhook", format!("whsec_{}", alnum(32))),
        ("docker", format!("dckr_pat_{}", alnum(27))),
        ("digitalocean", format!("dop_v1_{}", hex(64))),
        ("linear", format!("lin_api_{}", alnum(40))),
        ("notion", format!("ntn_{}", alnum(46))),
        ("shopify", format!("shpat_{}", hex(32))),
        ("vault", format!("hvs.{}", alnum(90))),
        ("tailscale", format!("tskey-auth-{}", alnum(30))),
        ("age", format!("AGE-SECRET-KEY-1{}", upper(58))),
        ("groq", format!("gsk_{}", alnum(52))),
        ("xai", format!("xai-{}", alnum(80))),
        ("perplexity", format!("pplx-{}", alnum(48))),
        ("sendgrid", format!("SG.{}.{}", alnum(22), alnum(43))),
        ("supabase", format!("sbp_{}", hex(40))),
        (
            "vercel blob",
            format!("vercel_blob_rw_{}_{}", alnum(16), alnum(30)),
        ),
        ("heroku", format!("HRKU-{}", alnum(60))),
        ("terraform", format!("{}.atlasv1.{}", alnum(14), alnum(67))),
        ("telegram", format!("1234567890:A{}", alnum(34))),
        ("jwt", jwt),
    ]
}

/// The last part of a token, which is what a too short match would leave.
fn tail(token: &str) -> &str {
    &token[token.len() - 10..]
}

#[test]
fn every_format_is_redacted_in_every_context_and_the_rest_stays() {
    supervise!();
    let contexts = [
        ("", ""),
        ("the token is ", " and so on"),
        ("(", ")"),
        ("\"", "\","),
        ("line one\n", "\nline three"),
        ("see ", ". Then"),
        ("<", ">"),
        ("ü", "ü"),
        ("x=", ""),
        ("curl -H 'X-Thing: ", "' https://example.org/"),
    ];
    for (name, token) in canaries() {
        for (before, after) in contexts {
            let text = format!("{before}{token}{after}");
            let redacted = redact(&text);
            assert_eq!(
                redacted,
                format!("{before}[REDACTED]{after}"),
                "{name}: {text}"
            );
            assert_eq!(redact(&redacted), redacted, "{name}: twice");
        }
    }
}

#[test]
fn private_keys_go_from_begin_to_end_or_four_kibibytes() {
    supervise!();
    let body = "MIIEpAIBAAKCAQEA7bq2\n".repeat(20);
    for kind in [
        "RSA PRIVATE KEY",
        "OPENSSH PRIVATE KEY",
        "PRIVATE KEY",
        "PGP PRIVATE KEY BLOCK",
    ] {
        let lines = format!("a\n-----BEGIN {kind}-----\n{body}-----END {kind}-----\nb");
        assert_eq!(redact(&lines), "a\n[REDACTED]\nb");
        let escaped = lines.replace('\n', "\\n");
        assert_eq!(redact(&escaped), "a\\n[REDACTED]\\nb");
    }
    let open = format!("-----BEGIN RSA PRIVATE KEY-----\n{}", "MIIE\n".repeat(2000));
    let redacted = redact(&open);
    assert!(redacted.starts_with("[REDACTED]"));
    assert_eq!(redacted.len(), "[REDACTED]".len() + open.len() - 4096);
    let cut = format!("-----BEGIN RSA PRIVATE KEY-----\n{}", "é".repeat(3000));
    assert!(redact(&cut).starts_with("[REDACTED]é"));
}

#[test]
fn a_checksum_makes_a_finding_sure() {
    supervise!();
    // The checksum of thirty zeros in base 62 is computed by the finder's own unit test; here a
    // wrong one must still be found by its shape.
    let text = format!("ghp_{}", "a1".repeat(18));
    let findings = find(text.as_bytes());
    assert_eq!(findings[0].kind, "github");
    assert_eq!(findings[0].proof, Proof::Shape);
    assert_eq!(findings[0].end, text.len());
}

proptest! {
    #[test]
    fn redacting_twice_is_redacting_once(parts in proptest::collection::vec(prop_oneof![
        "[ -~]{0,20}",
        "\\PC{0,8}",
        Just("password=".to_owned()), Just("token: \"".to_owned()), Just("eyJ".to_owned()),
        Just("-----BEGIN PRIVATE KEY-----".to_owned()), Just("https://u:".to_owned()),
        Just("Authorization: Bearer ".to_owned()), Just("[REDACTED]".to_owned()),
        Just("ghp_0123456789012345678901234567890123".to_owned()), Just("@".to_owned()),
        Just("basic ".to_owned()), Just("\"".to_owned()), Just("sk-".to_owned()),
    ], 0..12)) {
        let text = parts.concat();
        let once = redact(&text).into_owned();
        prop_assert_eq!(redact(&once), once.as_str());
    }

    #[test]
    fn no_canary_survives(before in "(\\PC{0,30}[ \\n\"'(=:,])?", after in "([ \\n\"'),;]\\PC{0,30})?", pick in 0_usize..50) {
        let canaries = canaries();
        let (_, token) = &canaries[pick % canaries.len()];
        let redacted = redact(&format!("{before}{token}{after}")).into_owned();
        prop_assert!(!redacted.contains(tail(token)), "{redacted}");
    }
}
