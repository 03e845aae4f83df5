//! W3C trace context: one trace from the HTTP request through every event that it brings about.

use std::{fmt, str::FromStr};

use uuid::Uuid;

/// A `traceparent`: trace id, the id of the span that causes what comes next, flags.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trace {
    id: u128,
    span: u64,
    flags: u8,
}

impl Trace {
    /// The trace of something that nobody traced: its id names it.
    pub fn rooted_in(id: Uuid) -> Self {
        Self { id: id.as_u128().max(1), span: span_of(id), flags: 1 }
    }

    /// The same trace, one step on: `id` names the step, so deciding twice gives the same span.
    pub fn child(self, id: Uuid) -> Self {
        Self { span: span_of(id), ..self }
    }

    /// The same, and whether somebody keeps it.
    pub fn sampled(self, is_sampled: bool) -> Self {
        Self { flags: self.flags & !SAMPLED | u8::from(is_sampled), ..self }
    }

    /// Whether whoever began it keeps it.
    pub fn is_sampled(self) -> bool {
        self.flags & SAMPLED != 0
    }

    pub fn id(self) -> u128 {
        self.id
    }

    /// As logs and collectors show it: 32 hexadecimal digits.
    pub fn name(self) -> String {
        format!("{:032x}", self.id)
    }

    /// Of the step that causes what comes next.
    pub fn span(self) -> u64 {
        self.span
    }
}

/// The flag of a trace that is kept.
const SAMPLED: u8 = 1;

fn span_of(id: Uuid) -> u64 {
    // The last half of a UUID is its random half, in v5 and v7 alike.
    id.as_u64_pair().1.max(1)
}

impl fmt::Display for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "00-{:032x}-{:016x}-{:02x}", self.id, self.span, self.flags)
    }
}

impl FromStr for Trace {
    type Err = ();

    /// Follows the W3C rules: all-zero ids and version ff are invalid, later versions may have more fields.
    fn from_str(text: &str) -> Result<Self, ()> {
        let fields: Vec<&str> = text.split('-').collect();
        let [version, id, span, flags, ..] = fields[..] else { return Err(()) };
        let lengths = [version.len(), id.len(), span.len(), flags.len()] == [2, 32, 16, 2];
        let hex = |c: char| c.is_ascii_digit() || ('a'..='f').contains(&c);
        let digits = [version, id, span, flags].iter().all(|field| field.chars().all(hex));
        if !lengths || !digits || version == "ff" || (version == "00" && fields.len() != 4) {
            return Err(());
        }
        let trace = Self {
            id: u128::from_str_radix(id, 16).map_err(|_| ())?,
            span: u64::from_str_radix(span, 16).map_err(|_| ())?,
            flags: u8::from_str_radix(flags, 16).map_err(|_| ())?,
        };
        if trace.id == 0 || trace.span == 0 { Err(()) } else { Ok(trace) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comes_back_and_keeps_its_trace() {
        let text = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        let trace: Trace = text.parse().expect("valid");
        assert_eq!(trace.to_string(), text);
        let child = trace.child(Uuid::from_u128(7)).to_string();
        assert!(child.starts_with("00-4bf92f3577b34da6a3ce929d0e0e4736-"), "{child}");
    }

    #[test]
    fn whether_it_is_kept_is_one_of_its_flags() {
        let trace: Trace = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-02".parse().expect("valid");
        assert!(!trace.is_sampled());
        assert!(trace.sampled(true).to_string().ends_with("-03"), "the other flags stay");
        assert_eq!(trace.sampled(true).sampled(false), trace);
    }

    #[test]
    fn nonsense_is_refused() {
        for wrong in [
            "",
            "00-0-0-0",
            "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01",
            "ff-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
            "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01-x",
            "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
        ] {
            assert!(wrong.parse::<Trace>().is_err(), "{wrong}");
        }
    }
}
