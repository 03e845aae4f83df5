//! The last words of `cargo test`: what was left out for want of servers or a browser. Each such test passes without a
//! word, and whoever reads "ok" should know of how much. Here because cargo comes to this package last.

/// The variables that name what is needed, and what is left out without them.
const NEEDED: [(&[&str], &str); 7] = [
    (&["TEST_POSTGRES_URL", "TEST_AMQP_URL", "TEST_RABBITMQ_API"], "the half on PostgreSQL and RabbitMQ"),
    (&["TEST_CHROMEDRIVER"], "the pages in a browser"),
    (&["TEST_AXE"], "the rules of accessibility"),
    (&["TEST_PYTHON"], "the validators of OpenAPI documents and manifests"),
    (&["TEST_ASYNCAPI"], "the schema of AsyncAPI documents"),
    (&["TEST_OIDC"], "a certified OpenID provider"),
    (&["TEST_KUBECTL"], "the manifests of Kubernetes"),
];

#[expect(clippy::disallowed_methods, reason = "the tests' own configuration")]
fn is_set(name: &&str) -> bool {
    std::env::var(name).is_ok_and(|value| !value.is_empty())
}

fn main() {
    // Whoever asks for the names of tests is told of none.
    if std::env::args().any(|argument| argument == "--list") {
        return;
    }
    let missing = NEEDED.iter().filter(|(variables, _)| !variables.iter().all(is_set));
    let missing: Vec<&str> = missing.map(|(_, what)| *what).collect();
    if !missing.is_empty() {
        eprintln!("\nLEFT OUT: {}. `scripts/test` runs them too.\n", missing.join(", "));
    }
}
