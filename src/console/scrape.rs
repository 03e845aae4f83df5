//! What `/metrics` shows: numbers by name and labels, in the text format of Prometheus.

/// One process's numbers at one moment.
#[derive(Clone, Debug, Default)]
pub(super) struct Scrape {
    numbers: Vec<Number>,
}

#[derive(Clone, Debug)]
pub(super) struct Number {
    name: String,
    labels: Vec<(String, String)>,
    value: f64,
}

impl Number {
    /// Empty where it has none of that name.
    pub(super) fn label(&self, name: &str) -> &str {
        self.labels.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value)
    }
}

impl Scrape {
    /// Lines that are none are passed over.
    pub(super) fn read(text: &str) -> Self {
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        Self { numbers: lines.filter_map(number).collect() }
    }

    /// The sum of the numbers of that name which are right; `None` where there are none.
    pub(super) fn sum(&self, name: &str, is_right: impl Fn(&Number) -> bool) -> Option<f64> {
        let right = self.numbers.iter().filter(|number| number.name == name && is_right(number));
        right.map(|number| number.value).reduce(|sum, value| sum + value)
    }
}

/// `name{label="value",…} 1.5`
fn number(line: &str) -> Option<Number> {
    let (head, value) = line.rsplit_once(' ')?;
    let value: f64 = value.parse().ok()?;
    let Some((name, rest)) = head.split_once('{') else {
        return Some(Number { name: head.to_owned(), labels: Vec::new(), value });
    };
    let mut labels = Vec::new();
    let mut rest = rest.strip_suffix('}')?;
    while let Some((label, quoted)) = rest.split_once("=\"") {
        let (value, after) = unquoted(quoted)?;
        labels.push((label.trim_start_matches(',').to_owned(), value));
        rest = after;
    }
    Some(Number { name: name.to_owned(), labels, value })
}

/// A label's value up to its quotation mark, and what follows it.
fn unquoted(text: &str) -> Option<(String, &str)> {
    let (mut value, mut chars) = (String::new(), text.char_indices());
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Some((value, &text[at + 1..])),
            '\\' => value.push(match chars.next()?.1 {
                'n' => '\n',
                other => other,
            }),
            other => value.push(other),
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r#"# TYPE comanda_events_total counter
comanda_events_total{service="order-svc",type="order.placed",outcome="said"} 12
comanda_events_total{service="order-svc",type="a \"b\" \\ {c},d=\"e",outcome="dead"} 2
comanda_events_total{service="kitchen-svc",type="order.placed",outcome="taken_in"} 5
comanda_http_requests_total{method="GET",path="/v1/orders/{id}",status="200"} 3

comanda_up 1
nonsense
broken{a="b} 1
"#;

    #[test]
    fn numbers_are_found_by_their_labels() {
        let scrape = Scrape::read(TEXT);
        let of = |service| scrape.sum("comanda_events_total", |number| number.label("service") == service);
        assert_eq!((of("order-svc"), of("kitchen-svc"), of("inventory-svc")), (Some(14.0), Some(5.0), None));
        assert_eq!(scrape.sum("comanda_up", |_| true), Some(1.0));
        assert_eq!(scrape.numbers[1].label("type"), r#"a "b" \ {c},d="e"#);
        assert_eq!(scrape.numbers[3].label("path"), "/v1/orders/{id}");
        assert_eq!(scrape.numbers.len(), 5);
    }
}
