//! A list of handlers in a JSON file: appends and removes ours, and keeps every other byte.

use jsonc_parser::ParseOptions;
use jsonc_parser::cst::{CstArray, CstInputValue, CstNode, CstObject, CstRootNode};
use serde::de::IgnoredAny;
use serde_json::Value;

use crate::install::command::OurCommand;
use crate::surfaces::{JsonHook, JsonSyntax, Removal, Shape};

use super::cst_value::{JsonEditError, input, value};
use super::split_bom;

/// The keys of a handler that can have a command.
const COMMAND_KEYS: [&str; 3] = ["command", "bash", "exec"];

/// A JSON file with the list of handlers.
pub(super) struct HandlerList<'a> {
    hook: &'a JsonHook,
    bom: &'static str,
    root: CstRootNode,
    before: Value,
}

impl<'a> HandlerList<'a> {
    /// Reads a file. An empty one counts as `{}`.
    pub(super) fn parse(text: &str, hook: &'a JsonHook) -> Result<Self, JsonEditError> {
        let (bom, text) = split_bom(text);
        let lenient = hook.syntax == JsonSyntax::WithComments;
        let options = ParseOptions {
            allow_comments: lenient,
            allow_trailing_commas: lenient,
            allow_loose_object_property_names: false,
            allow_missing_commas: false,
            allow_single_quoted_strings: false,
            allow_hexadecimal_numbers: false,
            allow_unary_plus_numbers: false,
            ..ParseOptions::default()
        };
        let root = CstRootNode::parse(text, &options)
            .map_err(|error| JsonEditError::Syntax(error.to_string()))?;
        // The library accepts comments in any case.
        if !lenient && !text.trim().is_empty() {
            serde_json::from_str::<IgnoredAny>(text)
                .map_err(|error| JsonEditError::Syntax(error.to_string()))?;
        }
        let before = match root.value() {
            None => Value::Object(serde_json::Map::new()),
            Some(node) => value(&node)?,
        };
        Ok(Self {
            hook,
            bom,
            root,
            before,
        })
    }

    /// Returns our calls, in their order.
    pub(super) fn calls(&self) -> Result<Vec<OurCommand>, JsonEditError> {
        let Some(list) = self.list()? else {
            return Ok(Vec::new());
        };
        Ok(list.elements().iter().filter_map(call).collect())
    }

    /// Appends the handler of `command`, or replaces ours; returns the new text.
    pub(super) fn with(&self, command: &str) -> Result<String, JsonEditError> {
        self.before_is_usable()?;
        let handler = (self.hook.handler)(command);
        let element = match self.hook.shape {
            Shape::Group => serde_json::json!({ "hooks": [handler] }),
            Shape::Handler => handler,
        };
        let root = self
            .root
            .object_value_or_create()
            .ok_or_else(|| not_object("the whole"))?;
        if let Some(version) = self.hook.version
            && root.get("version").is_none()
        {
            root.insert(0, "version", CstInputValue::Number(version.to_string()));
        }
        let hooks = root
            .object_value_or_create("hooks")
            .ok_or_else(|| not_object("`hooks`"))?;
        let list = hooks.array_value_or_create(self.hook.event);
        let list = list.ok_or_else(|| self.not_list())?;
        let all = list.elements();
        let own = all.iter().enumerate();
        let own: Vec<(usize, &CstNode)> =
            own.filter(|(_, element)| call(element).is_some()).collect();
        match own.first() {
            Some((at, _)) => drop(list.insert(*at, input(&element))),
            None => drop(list.append(input(&element))),
        }
        for (_, old) in own {
            old.clone().remove();
        }
        self.finish()
    }

    /// Removes our handlers, and the containers that are empty then; returns the new text.
    pub(super) fn without(&self) -> Result<String, JsonEditError> {
        let Some(list) = self.list()? else {
            return Ok(self.text());
        };
        let all = list.elements();
        let mut others_after = false;
        for (at, element) in all.into_iter().enumerate().rev() {
            if call(&element).is_none() {
                others_after = true;
                continue;
            }
            let keeps = self.hook.removal == Removal::KeepsPlace && others_after;
            if keeps {
                let empty = vec![("hooks".into(), CstInputValue::Array(Vec::new()))];
                list.insert(at, CstInputValue::Object(empty));
            }
            element.remove();
        }
        if list.elements().is_empty()
            && let Some(hooks) = self.hooks()?
        {
            if let Some(event) = hooks.get(self.hook.event) {
                event.remove();
            }
            if hooks.properties().is_empty()
                && let Some(property) = self.root.object_value().and_then(|root| root.get("hooks"))
            {
                property.remove();
            }
        }
        self.finish()
    }

    /// Returns the text, if all values but ours are unchanged.
    fn finish(&self) -> Result<String, JsonEditError> {
        let text = self.text();
        let again = HandlerList::parse(&text, self.hook).map_err(|_| JsonEditError::Foreign)?;
        if self.foreign(&self.before) == self.foreign(&again.before) {
            Ok(text)
        } else {
            Err(JsonEditError::Foreign)
        }
    }

    /// Returns a document without our handlers, empty containers of handlers, and the version that we add.
    fn foreign(&self, document: &Value) -> Value {
        let mut rest = document.clone();
        let Some(root) = rest.as_object_mut() else {
            return rest;
        };
        if let Some(hooks) = root.get_mut("hooks").and_then(Value::as_object_mut) {
            if let Some(list) = hooks.get_mut(self.hook.event).and_then(Value::as_array_mut) {
                list.retain(|element| called(element).is_none() && !is_empty_group(element));
                if list.is_empty() {
                    hooks.shift_remove(self.hook.event);
                }
            }
            if hooks.is_empty() {
                root.shift_remove("hooks");
            }
        }
        if self.hook.version.is_some() {
            root.shift_remove("version");
        }
        rest
    }

    fn text(&self) -> String {
        format!("{}{}", self.bom, self.root)
    }

    /// Fails where a value on the path to the list has another type.
    fn before_is_usable(&self) -> Result<(), JsonEditError> {
        self.list().map(drop)
    }

    fn hooks(&self) -> Result<Option<CstObject>, JsonEditError> {
        let Some(root) = self.root.value() else {
            return Ok(None);
        };
        let root = root.as_object().ok_or_else(|| not_object("the whole"))?;
        let Some(property) = root.get("hooks") else {
            return Ok(None);
        };
        property
            .object_value()
            .map(Some)
            .ok_or_else(|| not_object("`hooks`"))
    }

    fn list(&self) -> Result<Option<CstArray>, JsonEditError> {
        let Some(property) = self.hooks()?.and_then(|hooks| hooks.get(self.hook.event)) else {
            return Ok(None);
        };
        property
            .array_value()
            .map(Some)
            .ok_or_else(|| self.not_list())
    }

    fn not_list(&self) -> JsonEditError {
        JsonEditError::Type(format!("`hooks.{}`", self.hook.event), "a list")
    }
}

/// Returns our call in a node of the list.
fn call(element: &CstNode) -> Option<OurCommand> {
    called(&value(element).ok()?)
}

/// Returns our call in an element of the list: a handler, or a group with one handler.
fn called(element: &Value) -> Option<OurCommand> {
    match element.get("hooks").and_then(Value::as_array) {
        Some(handlers) => match handlers.as_slice() {
            [only] => call_of_handler(only),
            _ => None,
        },
        None => call_of_handler(element),
    }
}

fn call_of_handler(handler: &Value) -> Option<OurCommand> {
    COMMAND_KEYS.iter().find_map(|key| {
        let command = handler.get(key)?.as_str()?;
        // Without a shell the arguments are in a list of their own.
        let mut words = vec![command];
        let arguments = handler.get("args").and_then(Value::as_array);
        words.extend(arguments.into_iter().flatten().filter_map(Value::as_str));
        OurCommand::among(&words).or_else(|| OurCommand::find(command))
    })
}

fn is_empty_group(element: &Value) -> bool {
    element.as_object().is_some_and(|group| {
        group.len() == 1
            && group
                .get("hooks")
                .and_then(Value::as_array)
                .is_some_and(Vec::is_empty)
    })
}

fn not_object(what: &str) -> JsonEditError {
    JsonEditError::Type(what.into(), "an object")
}
