//! Templates: strict, bounded, one pass; conditions.

use serde_json::json;

use sendoff::template::{Condition, Template, TemplateError};
use sendoff_testing::supervise;

fn render(source: &str) -> Result<String, TemplateError> {
    let facts = json!({
        "repo": {"branch": "feature/{{ trigger }}", "remote": null,
                 "commits": [{"subject": "{{ 1 + 1 }} ${x} %s {0}", "body": "a"}, {"subject": "two", "body": ""}]},
        "task": {"input": "use ghp_0123456789012345678901234567890123 now", "response": "a\n  b\tc "},
        "trigger": "manual",
        "steps": {"push": {"verdict": "done", "outputs": {"bytes": 3}}},
    });
    Template::new(source)?.render(&facts)
}

#[test]
fn the_filters_do_what_they_say() {
    supervise!();
    assert_eq!(
        render("{{ task.input | redact }}").unwrap(),
        "use [REDACTED] now"
    );
    assert_eq!(
        render("{{ task.input | redact | truncate(6) }}").unwrap(),
        "use [R"
    );
    assert_eq!(
        render("{{ 'äöü' | truncate(2) }}|{{ 'a' | truncate(5) }}").unwrap(),
        "äö|a"
    );
    assert_eq!(render("{{ task.response | oneline }}.").unwrap(), "a b c.");
    assert_eq!(render("{{ '<b>&' }}").unwrap(), "<b>&");
    assert_eq!(
        render("{% for c in repo.commits %}- {{ c.body }}\n{% endfor %}").unwrap(),
        "- a\n- \n"
    );
}

#[test]
fn facts_are_never_read_as_templates() {
    supervise!();
    assert_eq!(
        render("{{ repo.commits[0].subject }}").unwrap(),
        "{{ 1 + 1 }} ${x} %s {0}"
    );
    assert_eq!(
        render("{{ repo.branch }}").unwrap(),
        "feature/{{ trigger }}"
    );
}

#[test]
fn an_unknown_name_is_an_error_that_says_what_there_is() {
    supervise!();
    let error = |source| render(source).unwrap_err().to_string();
    assert_eq!(
        error("a\n{{ branch }}"),
        "line 2: there is no `branch`; there is: repo, steps, task, trigger"
    );
    assert_eq!(
        error("{{ repo.brnch }}"),
        "line 1: `repo` has no `brnch`; there is: branch, commits, remote"
    );
    assert!(
        error("{{ steps.push.outputs.url }}")
            .contains("`steps.push.outputs` has no `url`; there is: bytes")
    );
    assert!(error("{{ repo.commits[7].subject }}").contains("line 1"));
    assert!(error("{{ task.input | nosuch }}").contains("nosuch"));
}

#[test]
fn a_template_that_does_not_compile_is_refused_with_its_line() {
    supervise!();
    let error = Template::new("a\nb {{ c").unwrap_err().to_string();
    assert!(error.starts_with("line 2: syntax error"), "{error}");
    let error = serde_json::from_value::<Template>(json!("{% if %}"))
        .unwrap_err()
        .to_string();
    assert!(error.starts_with("line 1: syntax error"), "{error}");
    let template: Template = serde_json::from_value(json!("{{ a }}")).unwrap();
    assert_eq!(serde_json::to_value(&template).unwrap(), json!("{{ a }}"));
    assert!(Template::new("{% include 'x' %}").is_err());
    assert!(Template::new(&"a".repeat(70_000)).is_err());
}

#[test]
fn a_template_that_does_too_much_is_stopped() {
    supervise!();
    let doubling = format!(
        "{{% set a = 'aaaaaaaa' %}}{}",
        "{% set a = a ~ a %}".repeat(60)
    );
    for source in [
        "{% for a in range(90000) %}{% for b in range(90000) %}x{% endfor %}{% endfor %}",
        doubling.as_str(),
        "{{ 'a' * 1000000000 }}",
        "{{ 'a' | indent(1000000000) }}{{ ('a' * 10000) | replace('a', 'b' * 10000) }}",
        "{% set a %}{% for i in range(90000) %}aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa{% endfor %}{% endset %}{{ a ~ a ~ a ~ a ~ a ~ a ~ a ~ a }}",
    ] {
        let error = render(source).unwrap_err();
        assert!(
            matches!(error, TemplateError::OutOfFuel | TemplateError::Failed(_)),
            "{error}"
        );
    }
    let long = render("{{ 'a' * 1100000 }}").unwrap_err();
    assert_eq!(long, TemplateError::TooLong);
    assert_eq!(render("{{ 'a' * 1000000 }}").unwrap().len(), 1_000_000);
}

/// Each of these ended the process by a stack overflow.
#[test]
fn a_template_that_is_nested_too_deeply_or_too_long_is_refused_before_it_is_compiled() {
    supervise!();
    let long = |unit: &str| format!("{{{{ 1{} }}}}", unit.repeat(60_000 / unit.len()));
    for source in [
        long("+1"),
        long(" and 1"),
        long("~'a'"),
        long("|abs"),
        long(".a"),
        long("**1"),
        long(" if 1 else 1"),
        format!("{{{{ {}1 }}}}", "-".repeat(30_000)),
        format!("{{{{ {}1 }}}}", "not ".repeat(15_000)),
        format!("{{{{ {}1{} }}}}", "(".repeat(5000), ")".repeat(5000)),
        format!("{{% if a %}}{}{{% endif %}}", "{%elif a%}".repeat(6000)),
        format!(
            "{}{}",
            "{% if 1 %}".repeat(2000),
            "{% endif %}".repeat(2000)
        ),
    ] {
        let error = Template::new(&source).unwrap_err();
        assert!(matches!(error, TemplateError::Syntax(_)), "{error}");
        let condition = source.trim_start_matches("{{ ").trim_end_matches(" }}");
        assert!(Condition::new(condition).is_err());
    }
    let fine = format!("{{{{ 1{} }}}}", "+1".repeat(100));
    assert_eq!(render(&fine).unwrap(), "101");
}

/// What each of these made was as large as memory, and cost no fuel.
#[test]
fn lists_cannot_be_made_to_grow_without_fuel() {
    supervise!();
    for (source, why) in [
        (
            "{% set ns = namespace(x=['a']) %}{% for i in range(60) %}{% set ns.x = ns.x + ns.x %}{% endfor %}",
            "only `range`",
        ),
        ("{% set a = [1] %}{% set a = a + a %}", "`+` needs"),
        ("{% set a = [1] %}{% set a = (a * 1) + a %}", "`+` needs"),
        ("{% set a = [1] %}{% set a = a * 2 %}", "`*` is for"),
        ("{% set a = [1] %}{% set a = [a, a] %}", "a list holds"),
        (
            "{% with a = (repo, repo) %}{% with b = (a, a) %}{% endwith %}{% endwith %}",
            "a list holds",
        ),
        (
            "{% set a = {'a': repo} %}{% set a = {'a': a, 'b': a} %}",
            "a list holds",
        ),
        ("{% set repo = [1] %}{{ [repo, repo] }}", "a list holds"),
        (
            "{% for i in [1] recursive %}{{ loop([i]) }}{% endfor %}",
            "recursive",
        ),
        (
            "{% set a = [none] %}{{ a | map('default', a, true) }}",
            "`map` takes",
        ),
        ("{{ namespace(a=1).a }}", "only `range`"),
    ] {
        let error = Template::new(source).unwrap_err().to_string();
        assert!(error.contains(why), "{source}: {error}");
    }
    for filter in [
        "zip(repo.commits)",
        "chain(repo.commits)",
        "sum",
        "batch(2)",
        "slice(2)",
        "pprint",
    ] {
        let error = render(&format!("{{{{ repo.commits | {filter} }}}}")).unwrap_err();
        assert!(
            matches!(error, TemplateError::Unknown(_)),
            "{filter}: {error}"
        );
    }
    // What templates are for stays.
    for (source, text) in [
        (
            "{{ repo.commits | length + 1 }} {{ 'a' + trigger }} {{ '=' * 3 }}",
            "3 amanual ===",
        ),
        (
            "{{ repo.commits | map(attribute='body') | join(',') }}",
            "a,",
        ),
        (
            "{{ [trigger, repo.commits[0].body] | join('/') }}",
            "manual/a",
        ),
        (
            "{% for c in repo.commits %}{{ loop.index * 2 }}{{ loop.cycle('a', 'b') }}{% endfor %}",
            "2a4b",
        ),
        (
            "{{ 'yes' if trigger in ['manual', 'executor'] else 'no' }}",
            "yes",
        ),
        (
            "{% set n = 1 %}{% if n > 0 %}{{ n + 1 }}{% endif %}{{ range(3) | list | length }}",
            "23",
        ),
        (
            "{% filter upper %}{{ trigger }}{% endfilter %}{{ repo.commits[:1] | length }}",
            "MANUAL1",
        ),
    ] {
        assert_eq!(render(source).unwrap(), text, "{source}");
    }
}

#[test]
fn a_condition_is_true_false_or_an_error() {
    supervise!();
    let facts =
        json!({"steps": {"pr-create": {"outputs": {"action": "created"}}}, "task": {"ok": null}});
    let holds = |source: &str| Condition::new(source).unwrap().holds(&facts);
    assert!(holds("steps['pr-create'].outputs.action == 'created'").unwrap());
    assert!(!holds("task.ok").unwrap());
    assert!(holds("steps['pr-create'].outputs.url is not defined").unwrap());
    let error = holds("steps['pr-create'].outputs.url")
        .unwrap_err()
        .to_string();
    assert!(error.contains("outputs.url` is undefined"), "{error}");
    assert!(holds("nosuch == 1").is_err());
}
