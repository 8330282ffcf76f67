//! The native push: `PushPermit` in, `Pushed` out.
