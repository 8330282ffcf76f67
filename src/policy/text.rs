//! Reads types that are written as a string, with an error that says what is expected.

use std::fmt;
use std::marker::PhantomData;

use serde::Deserializer;
use serde::de::{self, Visitor};

/// Reads a string into `T`; `wanted` completes "wanted …".
pub(super) fn text<'de, D, T>(deserializer: D, wanted: &'static str) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: TryFrom<String, Error: fmt::Display>,
{
    deserializer.deserialize_str(Text {
        wanted,
        read: PhantomData,
    })
}

struct Text<T> {
    wanted: &'static str,
    read: PhantomData<T>,
}

impl<T: TryFrom<String, Error: fmt::Display>> Visitor<'_> for Text<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.wanted)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<T, E> {
        T::try_from(text.to_owned()).map_err(E::custom)
    }
}

/// Implements `Deserialize` with a type's `TryFrom<String>`.
macro_rules! read_as_text {
    ($type:ty, $wanted:literal) => {
        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                $crate::policy::text::text(deserializer, $wanted)
            }
        }
    };
}

pub(super) use read_as_text;
