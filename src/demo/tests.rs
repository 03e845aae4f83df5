//! The demo's data fits together; no server is needed to see that.

use super::*;

fn skus(items: &[Item]) -> BTreeSet<&str> {
    items.iter().map(|item| item.sku).collect()
}

#[test]
fn there_is_a_real_menu() {
    assert!(DISHES.len() >= 25, "{} dishes", DISHES.len());
    let categories: BTreeSet<&str> = DISHES.iter().map(|item| item.category).collect();
    assert!(categories.len() >= 5, "{categories:?}");
    for sku in ["margherita", "burger", "tiramisu"] {
        assert!(skus(DISHES).contains(sku), "{sku}");
    }
}

#[test]
fn skus_and_ingredients_are_unique() {
    let skus: BTreeSet<&str> = items().map(|item| item.sku).collect();
    assert_eq!(skus.len(), items().count());
    let ingredients: BTreeSet<&str> = INGREDIENTS.iter().map(|ingredient| ingredient.id).collect();
    assert_eq!(ingredients.len(), INGREDIENTS.len());
}

#[test]
fn every_recipe_names_what_is_in_stock_once() {
    for item in items() {
        let named: BTreeSet<&str> = item.recipe.iter().map(|(ingredient, _)| *ingredient).collect();
        assert_eq!(named.len(), item.recipe.len(), "{}", item.sku);
        for (name, quantity) in item.recipe {
            let ingredient = INGREDIENTS.iter().find(|ingredient| ingredient.id == *name);
            let ingredient = ingredient.unwrap_or_else(|| panic!("{}: there is no {name}", item.sku));
            assert!((1..=ingredient.received).contains(quantity), "{}: {quantity} {name}", item.sku);
        }
    }
}

#[test]
fn everything_in_stock_is_used() {
    let used: BTreeSet<&str> = items().flat_map(|item| item.recipe).map(|(ingredient, _)| *ingredient).collect();
    for ingredient in INGREDIENTS {
        assert!(used.contains(ingredient.id), "{}", ingredient.id);
        assert!(ingredient.received > ingredient.reorder_point, "{} would be low at once", ingredient.id);
    }
}

#[test]
fn every_modifier_exists_and_is_offered() {
    let modifiers = skus(MODIFIERS);
    let mut offered = BTreeSet::new();
    for dish in DISHES {
        let all: Vec<&str> =
            dish.choices.iter().flat_map(|choice| choice.modifiers).chain(dish.modifiers).copied().collect();
        let listed: BTreeSet<&str> = all.iter().copied().collect();
        assert!(listed.is_subset(&modifiers), "{}: {listed:?}", dish.sku);
        assert_eq!(listed.len(), all.len(), "{}", dish.sku);
        for choice in dish.choices {
            let most = i64::try_from(choice.modifiers.len()).unwrap();
            assert!(choice.min <= choice.max && choice.max <= most, "{}: {}", dish.sku, choice.name);
        }
        offered.extend(listed);
    }
    assert_eq!(offered, modifiers);
}

/// Whoever reads the menu is told what a dish is; who avoids something can trust what it says.
#[test]
fn the_menu_says_what_a_dish_is_and_whom_it_suits() {
    use shared::contract::menu::Diet::{GlutenFree, Vegan};
    let known: BTreeSet<&str> = items().map(|item| item.sku).collect();
    for (sku, ..) in WORDS {
        assert!(known.contains(sku), "{sku}");
    }
    for item in items() {
        let words = WORDS.iter().find(|(sku, ..)| *sku == item.sku);
        let diets = words.map_or(&[][..], |(_, _, diets)| *diets);
        let has = allergens(item);
        assert!(!diets.contains(&Vegan) || !has.iter().any(|it| ["milk", "eggs"].contains(it)), "{}", item.sku);
        assert!(!diets.contains(&GlutenFree) || !has.contains("gluten"), "{}", item.sku);
        assert!(words.is_some_and(|(_, text, _)| !text.is_empty()) || item.price < 400, "{}", item.sku);
    }
}

#[test]
fn every_category_has_a_station() {
    let routed: BTreeSet<&str> = STATIONS.iter().flat_map(|plan| plan.categories).copied().collect();
    let categories: BTreeSet<&str> = DISHES.iter().map(|item| item.category).collect();
    assert_eq!(routed, categories);
    assert!(STATIONS.iter().any(|plan| plan.id == DEFAULT_STATION));
    let routed: BTreeSet<&str> = STATIONS.iter().flat_map(|plan| plan.skus).copied().collect();
    assert!(routed.is_subset(&skus(DISHES)), "{routed:?}");
}

#[test]
fn the_first_delivery_comes_once() {
    for ingredient in INGREDIENTS {
        assert_eq!(received(ingredient).key, received(ingredient).key);
    }
    let keys: BTreeSet<String> = INGREDIENTS.iter().filter_map(|it| received(it).key).collect();
    assert_eq!(keys.len(), INGREDIENTS.len());
}

#[test]
fn one_dish_sells_out_soon() {
    let left = |item: &Item| -> Option<i64> {
        let portions = item.recipe.iter().map(|(name, quantity)| {
            INGREDIENTS.iter().find(|it| it.id == *name).map_or(0, |it| it.received) / quantity
        });
        portions.min()
    };
    let few: Vec<&str> =
        items().filter(|item| left(item).is_some_and(|left| left < 300)).map(|item| item.sku).collect();
    assert_eq!(few, ["tiramisu"]);
}

#[test]
fn allergens_come_with_the_ingredients() {
    let margherita = DISHES.iter().find(|item| item.sku == "margherita").unwrap();
    assert_eq!(allergens(margherita), ["gluten", "milk"].into());
    for (name, _) in ALLERGENS {
        assert!(INGREDIENTS.iter().any(|ingredient| ingredient.id == *name), "{name}");
    }
}
