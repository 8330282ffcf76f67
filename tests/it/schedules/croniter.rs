//! The times of random cron expressions, beside those of Python's croniter. `.ci/croniter` fetches it.
//!
//! croniter is asked twice: for the times on a wall clock, from which `croniter_times.py` derives with Python's own time zones what
//! the table in `docs/guide/schedules.md` says, and for its own times in the zone. Both have to be as expected, each one.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use proptest::collection::vec;
use proptest::prelude::{Just, Strategy, prop_oneof};
use proptest::sample::select;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use sendoff::cron::{CronError, CronExpression, Zone};
use sendoff_testing::left_out;
use serde::{Deserialize, Serialize};

const EXPRESSIONS: usize = 1_000;
/// How many times are compared from each moment on.
const COUNT: usize = 6;

/// Zones whose clocks change in all ways: by an hour, by half of one, by two, at midnight, in winter instead of summer, not.
const ZONES: [&str; 16] = [
    "UTC",
    "Europe/Berlin",
    "Europe/Dublin",
    "America/New_York",
    "America/St_Johns",
    "America/Santiago",
    "America/Havana",
    "America/Sao_Paulo",
    "Australia/Lord_Howe",
    "Antarctica/Troll",
    "Pacific/Chatham",
    "Pacific/Kiritimati",
    "Africa/Cairo",
    "Asia/Beirut",
    "Asia/Kathmandu",
    "Atlantic/Azores",
];

#[derive(Debug, Serialize)]
struct Case {
    cron: String,
    zone: &'static str,
    after: i64,
    count: usize,
}

#[derive(Debug, Deserialize)]
struct Said {
    /// Moments and kinds, see `croniter_times.py`.
    times: Vec<(i64, String)>,
    zoned: Vec<i64>,
    is_every_hour: bool,
}

/// What a field may be: everything, a value, a list, a range, and both of the last with steps.
fn field(first: u32, last: u32, special: Vec<&'static str>) -> impl Strategy<Value = String> {
    let value = first..=last;
    // croniter takes `5-5` for the whole range.
    let range = (first..last).prop_flat_map(move |from| (Just(from), from + 1..=last));
    let item = prop_oneof![
        4 => value.clone().prop_map(|value| value.to_string()),
        1 => range.clone().prop_map(|(from, to)| format!("{from}-{to}")),
        1 => (range, 1..=5u32).prop_map(|((from, to), step)| format!("{from}-{to}/{step}")),
    ];
    prop_oneof![
        4 => Just("*".to_owned()),
        2 => (1..=last).prop_map(|step| format!("*/{step}")),
        6 => item.clone(),
        2 => vec(item, 2..=4).prop_map(|items| items.join(",")),
        1 => select(special).prop_map(str::to_owned),
    ]
}

fn expression() -> impl Strategy<Value = String> {
    let fields = (
        field(0, 59, vec!["0"]),
        field(0, 23, vec!["2"]),
        field(1, 31, vec!["L", "*"]),
        field(1, 12, vec!["JAN", "mar-MAY", "feb,Oct"]),
        field(0, 7, vec!["MON-FRI", "sun", "Tue,thu"]),
    );
    // croniter wants the day of the month to match, too, where the day of the week is a numbered one.
    let numbered = (field(0, 59, vec!["0"]), 0..=6u32, 1..=5u32);
    let words = [
        "@hourly",
        "@daily",
        "@midnight",
        "@weekly",
        "@monthly",
        "@yearly",
        "@annually",
    ];
    let fields = fields.prop_filter("unlike", |(_, _, day, _, weekday)| is_alike(day, weekday));
    prop_oneof![
        40 => fields.prop_map(|(a, b, c, d, e)| format!("{a} {b} {c} {d} {e}")),
        1 => numbered.prop_map(|(minute, day, which)| format!("{minute} 2 * * {day}#{which}")),
        1 => select(words.to_vec()).prop_map(str::to_owned),
    ]
}

/// Says whether both programs agree on which of two fields for days are restricted: for us all but `*` are, whereas croniter
/// has rules of its own for `*/2` beside `*/2`, and for fields that name all days.
fn is_alike(day: &str, weekday: &str) -> bool {
    let all = |field: &str, last: u32| {
        let named = |day: u32| field.split(',').any(|item| names(item, day));
        (1..=last).all(|day| named(day) || (day == 7 && named(0)))
    };
    let is_star = |field: &str| field == "*";
    let both_step = day.starts_with("*/") && weekday.starts_with("*/");
    !both_step && (is_star(day) || !all(day, 31)) && (is_star(weekday) || !all(weekday, 7))
}

/// Says whether an item of a field names a value; what has a step of 2 or more, or is a name, does not name all.
fn names(item: &str, value: u32) -> bool {
    let item = item.strip_suffix("/1").unwrap_or(item);
    let is = |text: &str| text.parse() == Ok(value);
    match item.split_once('-') {
        _ if item == "*" => true,
        Some((first, last)) => match (first.parse::<u32>(), last.parse::<u32>()) {
            (Ok(first), Ok(last)) => (first..=last).contains(&value),
            _ => false,
        },
        None => is(item),
    }
}

/// Says whether an expression is a fixed time, as the guide has it: one minute of one hour.
fn is_fixed(cron: &str) -> bool {
    let is_number = |field: &str| field.bytes().all(|byte| byte.is_ascii_digit());
    match cron.strip_prefix('@') {
        Some(word) => word != "hourly",
        None => cron.split(' ').take(2).all(is_number),
    }
}

/// Returns moments shortly before the clocks of a zone change, and one at any time. All are in the past, which no release of
/// the time zones changes.
fn begins(zone: &str, hours: i64) -> Vec<i64> {
    let any = Timestamp::from_second(1_704_067_200 + hours * 7_919 % 47_000_000).unwrap();
    let rules = TimeZone::get(zone).unwrap();
    let changes = rules
        .following(any)
        .take(2)
        .map(|change| change.timestamp().as_second());
    let past = changes.filter(|change| *change < 1_767_225_600);
    let before = past.map(|change| change - 3_600 * (hours % 9) - 60);
    before.chain([any.as_second()]).collect()
}

fn cases() -> Vec<Case> {
    // The same ones each time: of some 100,000 random ones croniter itself misses a time in one. The long mode tries others.
    let mut runner = match std::env::var_os("SENDOFF_TEST_LONG") {
        None => TestRunner::deterministic(),
        Some(_) => TestRunner::default(),
    };
    let strategy = (expression(), select(&ZONES[..]), 0..1_000_000i64);
    let random = (0..EXPRESSIONS).map(|_| strategy.new_tree(&mut runner).unwrap().current());
    // Few random ones lie in a gap or on a day that no month has.
    let rare = [
        ("0 0 30 2 *", "UTC", 0),
        ("30 2 * * *", "America/New_York", 0),
        ("*/20 * * * *", "America/New_York", 0),
    ];
    let rare = rare.map(|(cron, zone, hours)| (cron.to_owned(), zone, hours));
    let mut cases = Vec::new();
    for (cron, zone, hours) in random.chain(rare) {
        for after in begins(zone, hours) {
            cases.push(Case {
                cron: cron.clone(),
                zone,
                after,
                count: COUNT,
            });
        }
    }
    cases
}

/// Asks croniter; nothing where it is not there.
fn ask(cases: &[Case]) -> Option<Vec<Said>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    if !root.join("target/croniter/fetched").exists() {
        left_out("croniter", "run .ci/croniter");
        return None;
    }
    let mut child = Command::new(root.join("target/croniter/python/bin/python"))
        .arg(root.join("tests/it/schedules/croniter_times.py"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines: String = cases
        .iter()
        .map(|case| serde_json::to_string(case).unwrap() + "\n")
        .collect();
    let mut stdin = child.stdin.take().unwrap();
    let writer = std::thread::spawn(move || stdin.write_all(lines.as_bytes()).unwrap());
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    assert!(output.status.success());
    let said = serde_json::Deserializer::from_slice(&output.stdout).into_iter();
    Some(said.map(Result::unwrap).collect())
}

fn ours(expression: &CronExpression, case: &Case) -> Vec<i64> {
    let zone: Zone = case.zone.parse().unwrap();
    let mut at = Timestamp::from_second(case.after).unwrap();
    let next = || {
        at = expression.next_after(&zone, at)?;
        Some(at.as_second())
    };
    std::iter::from_fn(next).take(case.count).collect()
}

/// Compares croniter's own times in a zone with those that it should have. Where the day of the month and the day of the week
/// are both restricted it takes the earlier of two times by the wall clock, and may miss one that comes twice.
fn are_same(zoned: &[i64], wanted: &[i64], case: &Case, said: &Said) -> bool {
    let fields: Vec<&str> = case.cron.split(' ').collect();
    if let [_, _, day, _, weekday] = fields[..]
        && day != "*"
        && weekday != "*"
    {
        let second = |at: &i64| said.times.contains(&(*at, "second".into()));
        let but = |times: &[i64]| times.iter().copied().filter(|at| !second(at)).collect();
        let (zoned, wanted): (Vec<i64>, Vec<i64>) = (but(zoned), but(wanted));
        let both = zoned.len().min(wanted.len());
        return zoned[..both] == wanted[..both];
    }
    zoned == wanted
}

/// Sorts times, and takes so many.
fn first(times: impl Iterator<Item = i64>, count: usize) -> Vec<i64> {
    let sorted: std::collections::BTreeSet<i64> = times.collect();
    sorted.into_iter().take(count).collect()
}

#[test]
fn a_thousand_random_expressions_run_when_croniter_says() {
    let cases = cases();
    let Some(said) = ask(&cases) else { return };
    assert_eq!(said.len(), cases.len());
    let mut kinds: BTreeMap<String, usize> = BTreeMap::new();
    let mut wrong = Vec::new();
    for (case, said) in cases.iter().zip(&said) {
        let expression = match case.cron.parse::<CronExpression>() {
            Ok(expression) => expression,
            Err(CronError::Never(_)) if said.times.is_empty() => {
                *kinds.entry("never".into()).or_default() += 1;
                continue;
            }
            Err(error) => panic!("{case:?}: {error}, but croniter says {said:?}"),
        };
        let is_fixed = is_fixed(&case.cron);
        // The table of the guide.
        let runs = |kind: &str| match kind {
            "gap" => is_fixed,
            "second" => !is_fixed,
            _ => true,
        };
        let expected = said.times.iter().filter(|(_, kind)| runs(kind));
        let expected = first(expected.map(|(at, _)| *at), COUNT);
        let got = ours(&expression, case);
        if got != expected {
            wrong.push(format!("{case:?}: ours {got:?}, expected {expected:?}"));
        }
        // croniter itself runs what comes twice at both times, and what lies in a gap after it, unless each hour is meant.
        let theirs = |kind: &str| kind != "gap" || !said.is_every_hour;
        let theirs = said.times.iter().filter(|(_, kind)| theirs(kind));
        let theirs = first(theirs.map(|(at, _)| *at), COUNT);
        if !are_same(&said.zoned, &theirs, case, said) {
            wrong.push(format!(
                "{case:?}: croniter {:?}, expected {theirs:?}",
                said.zoned
            ));
        }
        for (_, kind) in &said.times {
            *kinds.entry(kind.clone()).or_default() += 1;
        }
    }
    println!("{} cases: {kinds:?}", cases.len());
    assert!(
        wrong.is_empty(),
        "{}: {:#?}",
        wrong.len(),
        &wrong[..wrong.len().min(20)]
    );
    for kind in ["plain", "first", "second", "gap", "never"] {
        assert!(kinds.contains_key(kind), "no case has `{kind}`: {kinds:?}");
    }
}
