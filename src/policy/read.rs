//! Reads a tree of nodes into a type: a serde deserializer with the place of every value.

use std::collections::btree_map;

use serde::de::{self, DeserializeSeed, IntoDeserializer, Visitor};

use super::node::{Entry, Item, Node, Table};
use super::read_error::{ReadError, ReadErrorKind, one_of};
use super::source::Span;

/// Reads a table.
pub(super) fn read<T: de::DeserializeOwned>(table: &Table, place: &Span) -> Result<T, ReadError> {
    T::deserialize(TableReader { table, place })
}

/// Reads a value.
struct NodeReader<'a>(&'a Node);

/// Reads a table that can be absent.
struct TableReader<'a> {
    table: &'a Table,
    place: &'a Span,
}

impl<'de> de::Deserializer<'de> for TableReader<'_> {
    type Error = ReadError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        let entries = Entries {
            rest: self.table.0.iter(),
            value: None,
        };
        visitor
            .visit_map(entries)
            .map_err(|error| error.or_at(self.place))
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option
        unit unit_struct newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

impl<'de> de::Deserializer<'de> for NodeReader<'_> {
    type Error = ReadError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        let place = &self.0.place;
        let read = match &self.0.item {
            Item::Text(text) | Item::Datetime(text) => visitor.visit_str(text),
            Item::Integer(number) => visitor.visit_i64(*number),
            Item::Float(number) => visitor.visit_f64(*number),
            Item::Boolean(value) => visitor.visit_bool(*value),
            Item::List(nodes) => visitor.visit_seq(Nodes(nodes.iter())),
            Item::Table(table) => return TableReader { table, place }.deserialize_any(visitor),
        };
        read.map_err(|error| error.or_at(place))
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        let place = &self.0.place;
        visitor
            .visit_newtype_struct(self)
            .map_err(|error| error.or_at(place))
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        words: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        let place = &self.0.place;
        let read = match self.0.text() {
            Some(word) => visitor.visit_enum(word.into_deserializer()),
            None => self.deserialize_any(visitor).map_err(|mut error| {
                if let ReadErrorKind::Type { wanted, .. } = &mut error.kind {
                    *wanted = one_of(words);
                }
                error
            }),
        };
        read.map_err(|error| error.or_at(place))
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        visitor.visit_unit()
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf
        unit unit_struct seq tuple tuple_struct map struct identifier
    }
}

/// The elements of an array.
struct Nodes<'a>(std::slice::Iter<'a, Node>);

impl<'de> de::SeqAccess<'de> for Nodes<'_> {
    type Error = ReadError;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, ReadError> {
        let next = self.0.next();
        let read = |node: &Node| {
            let read = seed.deserialize(NodeReader(node));
            read.map_err(|error| error.or_at(&node.place))
        };
        next.map(read).transpose()
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.0.len())
    }
}

/// The entries of a table.
struct Entries<'a> {
    rest: btree_map::Iter<'a, String, Entry>,
    value: Option<(&'a String, &'a Node)>,
}

impl<'de> de::MapAccess<'de> for Entries<'_> {
    type Error = ReadError;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, ReadError> {
        let Some((key, entry)) = self.rest.next() else {
            return Ok(None);
        };
        self.value = Some((key, &entry.value));
        let read = seed.deserialize(key.as_str().into_deserializer());
        read.map(Some)
            .map_err(|error: ReadError| error.or_at(&entry.key))
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, ReadError> {
        let Some((key, node)) = self.value.take() else {
            return Err(de::Error::custom("a value was asked for before its key"));
        };
        let read = seed.deserialize(NodeReader(node));
        read.map_err(|error| error.or_at(&node.place).under(key))
    }
}
