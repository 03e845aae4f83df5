//! What serde says is wrong, in the words of JSON.

/// The message without what means little to a program's author: positions in the text, names of our types.
pub(super) fn plain(message: &str) -> String {
    let message = message.rsplit_once(" at line ").map_or(message, |(before, _)| before);
    let message = message.replacen("unknown variant", "unknown value", 1);
    let Some((found, expected)) = message.split_once(", expected ") else { return message };
    format!("{}, expected {}", found_in_json(found), expected_in_json(expected))
}

/// `invalid type: map`: what there is instead.
fn found_in_json(message: &str) -> String {
    let Some((wrong, found)) = message.split_once(": ") else { return message.to_owned() };
    let found = match found {
        "map" => "an object",
        "sequence" => "an array",
        "unit value" | "Option value" => "null",
        other => match other.strip_prefix("floating point ") {
            Some(number) => return format!("{wrong}: number {number}"),
            None => other,
        },
    };
    format!("{wrong}: {found}")
}

fn expected_in_json(expected: &str) -> &str {
    match expected {
        one if one.starts_with("struct ") || one == "a map" => "an object",
        one if one.starts_with(['i', 'u']) && one[1..].parse::<u8>().is_ok() => "an integer",
        "a sequence" => "an array",
        "unit" => "null",
        other => other,
    }
}
