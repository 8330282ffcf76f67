//! Templates: strict, bounded, one pass; conditions.

use serde_json::json;

use sendoff::template::{Condition, Template, TemplateError};

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
    let doubling = format!(
        "{{% set a = 'aaaaaaaa' %}}{}",
        "{% set a = a ~ a %}".repeat(60)
    );
    for source in [
        "{% for a in range(90000) %}{% for b in range(90000) %}x{% endfor %}{% endfor %}",
        doubling.as_str(),
        "{{ 'a' * 1000000000 }}",
        "{{ 'a' | indent(1000000000) }}{{ ('a' * 10000) | replace('a', 'b' * 10000) }}",
        "{% set ns = namespace(x='aaaa') %}{% for i in range(60) %}{% set ns.x = ns.x ~ ns.x %}{% endfor %}",
    ] {
        let error = render(source).unwrap_err();
        assert!(
            matches!(error, TemplateError::OutOfFuel | TemplateError::Failed(_)),
            "{error}"
        );
    }
    let long = render("{{ 'a' * 1100000 }}").unwrap_err();
    assert_eq!(long, TemplateError::TooLong);
    let deep = format!("{{{{ {}1{} }}}}", "(".repeat(5000), ")".repeat(5000));
    assert!(Template::new(&deep).is_err());
}

#[test]
fn a_condition_is_true_false_or_an_error() {
    let facts =
        json!({"steps": {"pr-create": {"outputs": {"action": "created"}}}, "task": {"ok": null}});
    let holds = |source: &str| Condition::new(source).unwrap().holds(&facts);
    assert!(holds("steps['pr-create'].outputs.action == 'created'").unwrap());
    assert!(!holds("task.ok").unwrap());
    assert!(holds("steps['pr-create'].outputs.url is not defined").unwrap());
    let error = holds("steps['pr-create'].outputs.url")
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("outputs.url` names what is not there"),
        "{error}"
    );
    assert!(holds("nosuch == 1").is_err());
}
