//! Redaction of the values that we hold, in every form that they can take.

use secrecy::SecretString;
use sendoff::secrets::KnownSecrets;
use sendoff_testing::supervise;

fn known(values: &[&str]) -> KnownSecrets {
    let known = KnownSecrets::default();
    for value in values {
        known.add(&SecretString::from(*value));
    }
    known
}

#[test]
fn a_value_that_we_hold_is_redacted_in_every_form() {
    supervise!();
    let value = "s3cr3t/Value+with=signs-42";
    let held = known(&[value]);
    for form in [
        "s3cr3t/Value+with=signs-42",
        "czNjcjN0L1ZhbHVlK3dpdGg9c2lnbnMtNDI=",
        "eHMzY3IzdC9WYWx1ZSt3aXRoPXNpZ25zLTQy",
        "eHhzM2NyM3QvVmFsdWUrd2l0aD1zaWducy00Mg==",
        "s3cr3t%2FValue%2Bwith%3Dsigns-42",
        "s3cr3t%2fValue%2bwith%3dsigns-42",
        "7333637233742f56616c75652b776974683d7369676e732d3432",
        "s3cr3t\\/Value+with=signs-42",
        "s3cr3t/Val\nue+with=si\n gns-42",
        "\"s3cr3t/Value\" + \"+with=signs-42\"",
        "s3cr3t/Value+wi\\\n  th=signs-42",
    ] {
        let text = format!("before {form} after");
        let redacted = held.hide(&text);
        assert!(redacted.contains("[REDACTED]"), "{form}: {redacted}");
        for part in [
            "s3cr3t",
            "signs",
            "czNjcjN0",
            "YWx1ZSt3",
            "VmFsdWUrd2",
            "7333",
            "42 after",
        ] {
            assert!(!redacted.contains(part), "{form}: {redacted}");
        }
    }
    let far = "s 3 c r 3 t / V a l u e + w i t h = s i g n s - 4 2";
    assert_eq!(held.hide(far), far);
    assert_eq!(known(&["b"]).hide("a b c"), "a b c");
    assert_eq!(known(&[]).hide("nothing"), "nothing");
}

/// Short texts are searched in another way than long ones.
#[test]
fn a_known_secret_is_found_in_long_texts_as_in_short_ones() {
    supervise!();
    let held = known(&["aaaaaaaaaa", "pass/word\"+é+1"]);
    for short in [
        "x aaaaaaaaaaaaa y",
        "u=pass/word\"+é+1;",
        "cGFzcy93b3JkIivDqSsx",
    ] {
        let filler = "word ".repeat(8_000);
        let redacted = held.hide(short).into_owned();
        assert!(redacted.contains("[REDACTED]"), "{short}: {redacted}");
        let long = format!("{filler}{short}{filler}");
        assert_eq!(held.hide(&long), format!("{filler}{redacted}{filler}"));
    }
}
