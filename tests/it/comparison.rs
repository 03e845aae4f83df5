//! What is told of one process and three services is what was measured: the tables and pictures are those that the
//! benchmark makes of its figures.

use std::path::PathBuf;

#[path = "../bench/figure.rs"]
mod figure;
#[path = "../bench/report.rs"]
mod report;

const DOCUMENT: &str = include_str!("../../docs/monolith-to-microservices.md");
const FIGURES: &str = include_str!("../../docs/comparison/compare.json");

#[test]
fn the_comparison_shows_what_was_measured() {
    let comparison: report::Comparison = serde_json::from_str(FIGURES).unwrap();
    assert!(DOCUMENT.contains(&comparison.markdown()), "it should say:\n{}", comparison.markdown());
    let directory = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("docs/comparison");
    for (name, drawn) in [("figures.svg", figure::bars(&comparison)), ("outages.svg", figure::courses(&comparison))] {
        assert!(DOCUMENT.contains(&format!("](comparison/{name})")));
        assert!(std::fs::read_to_string(directory.join(name)).unwrap() == drawn, "{name} shows something else");
    }
    for outage in comparison.rounds.iter().flatten().flat_map(|shape| &shape.outages) {
        assert_eq!(outage.lost, 0, "{} was killed", outage.killed);
    }
}
