//! What the demo restaurant sells, what goes into it, and who cooks it. Quantities in g, ml or pieces, prices in pence.

use shared::contract::{
    menu::Effect::{self, Add, Change, Remove},
    stock::Unit::{self, Each, Gram, Millilitre},
};

/// Something in the store room.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ingredient {
    pub id: &'static str,
    pub name: &'static str,
    pub unit: Unit,
    /// What the first delivery brings.
    pub received: i64,
    pub reorder_point: i64,
}

/// A dish, or what may be added to one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Item {
    pub sku: &'static str,
    pub name: &'static str,
    pub category: &'static str,
    pub price: i64,
    pub modifiers: &'static [&'static str],
    /// What has to be chosen with it.
    pub choices: &'static [Pick],
    /// What a modifier does to its dish.
    pub effect: Effect,
    /// What one portion takes; nothing where it is not counted.
    pub recipe: &'static [(&'static str, i64)],
}

/// From `min` to `max` of the modifiers.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pick {
    pub name: &'static str,
    pub min: i64,
    pub max: i64,
    pub modifiers: &'static [&'static str],
}

/// A station of the kitchen and the categories that it cooks.
#[derive(Clone, Copy, Debug)]
pub(super) struct StationPlan {
    pub id: &'static str,
    pub name: &'static str,
    pub categories: &'static [&'static str],
    /// Items that it cooks although their category is cooked elsewhere.
    pub skus: &'static [&'static str],
}

/// Cooks whatever no other station does.
pub(super) const DEFAULT_STATION: &str = "grill";

pub(super) const STATIONS: &[StationPlan] = &[
    StationPlan { id: "pizza", name: "Pizza oven", categories: &["Pizza"], skus: &["garlic_bread"] },
    StationPlan { id: "grill", name: "Grill", categories: &["Burgers"], skus: &[] },
    StationPlan { id: "fry", name: "Fryer", categories: &["Sides"], skus: &[] },
    StationPlan { id: "cold", name: "Cold and sweet", categories: &["Salads", "Desserts"], skus: &["slaw"] },
    StationPlan { id: "bar", name: "Bar", categories: &["Drinks"], skus: &[] },
];

const fn stock(id: &'static str, name: &'static str, unit: Unit, received: i64, reorder_point: i64) -> Ingredient {
    Ingredient { id, name, unit, received, reorder_point }
}

/// Enough for days, but for the tiramisu: it is made in the morning and sells out.
pub(super) const INGREDIENTS: &[Ingredient] = &[
    stock("flour", "Flour, type 00", Gram, 1_000_000, 40_000),
    stock("gluten_free_flour", "Gluten-free flour", Gram, 100_000, 5_000),
    stock("tomato_sauce", "San Marzano tomato sauce", Millilitre, 400_000, 15_000),
    stock("mozzarella", "Mozzarella", Gram, 500_000, 20_000),
    stock("burrata", "Burrata", Each, 400, 30),
    stock("gorgonzola", "Gorgonzola", Gram, 60_000, 3_000),
    stock("parmesan", "Parmesan", Gram, 100_000, 5_000),
    stock("cheddar", "Mature cheddar", Gram, 120_000, 6_000),
    stock("halloumi", "Halloumi", Gram, 120_000, 6_000),
    stock("feta", "Feta", Gram, 60_000, 3_000),
    stock("vegan_cheese", "Vegan cheese", Gram, 50_000, 3_000),
    stock("pepperoni", "Pepperoni", Gram, 100_000, 5_000),
    stock("nduja", "Nduja", Gram, 50_000, 3_000),
    stock("prosciutto", "Prosciutto", Gram, 60_000, 3_000),
    stock("mushroom", "Chestnut mushrooms", Gram, 100_000, 5_000),
    stock("olives", "Kalamata olives", Gram, 60_000, 3_000),
    stock("basil", "Basil", Gram, 20_000, 1_000),
    stock("brioche_bun", "Brioche buns", Each, 3_000, 150),
    stock("beef_patty", "Beef patties, 150 g", Each, 3_000, 150),
    stock("chicken", "Chicken thighs", Gram, 200_000, 10_000),
    stock("bacon", "Streaky bacon", Gram, 80_000, 4_000),
    stock("lettuce", "Cos lettuce", Gram, 150_000, 8_000),
    stock("rocket", "Rocket", Gram, 40_000, 2_000),
    stock("tomato", "Tomatoes", Gram, 200_000, 10_000),
    stock("cucumber", "Cucumber", Gram, 60_000, 3_000),
    stock("onion", "Red onions", Gram, 150_000, 8_000),
    stock("cabbage", "White cabbage", Gram, 80_000, 4_000),
    stock("avocado", "Avocados", Each, 400, 30),
    stock("jalapeno", "Jalapeños", Gram, 20_000, 1_000),
    stock("egg", "Free-range eggs", Each, 1_200, 60),
    stock("potato", "Maris Piper potatoes", Gram, 800_000, 40_000),
    stock("sweet_potato", "Sweet potatoes", Gram, 200_000, 10_000),
    stock("garlic", "Garlic", Gram, 30_000, 1_500),
    stock("tiramisu", "Tiramisù, portions", Each, 12, 3),
    stock("cheesecake", "Cheesecake, slices", Each, 600, 24),
    stock("brownie", "Brownies", Each, 600, 24),
    stock("gelato", "Gelato", Gram, 120_000, 5_000),
    stock("pistachio", "Pistachio paste", Gram, 12_000, 600),
    stock("mayonnaise", "Mayonnaise", Gram, 40_000, 2_000),
    stock("burger_sauce", "Burger sauce", Gram, 40_000, 2_000),
    stock("sparkling_water", "Sparkling water, bottles", Each, 1_200, 60),
    stock("cola", "Cola, bottles", Each, 2_400, 120),
    stock("lemon", "Lemons", Each, 1_500, 80),
    stock("pale_ale", "Pale ale, cans", Each, 1_200, 60),
    stock("red_wine", "Montepulciano", Millilitre, 150_000, 7_500),
    stock("white_wine", "Soave", Millilitre, 150_000, 7_500),
    stock("coffee", "Coffee beans", Gram, 40_000, 2_000),
    stock("milk", "Whole milk", Millilitre, 200_000, 10_000),
    stock("oat_milk", "Oat milk", Millilitre, 60_000, 3_000),
];

const ON_PIZZA: &[&str] = &["extra_mozzarella", "vegan_mozzarella", "gluten_free_base", "add_jalapenos", "add_burrata"];
const ON_BURGER: &[&str] = &["extra_patty", "add_bacon", "add_egg", "add_avocado", "add_jalapenos", "no_onion"];
const ON_MEATLESS: &[&str] = &["add_egg", "add_avocado", "add_jalapenos", "no_onion"];
const ON_SALAD: &[&str] = &["add_chicken", "add_halloumi", "add_avocado", "no_onion"];
const SIDE: Pick =
    Pick { name: "Side", min: 1, max: 1, modifiers: &["side_fries", "side_slaw", "side_salad", "side_sweet_potato"] };
const SAUCE: Pick = Pick { name: "Sauces", min: 0, max: 2, modifiers: &["ketchup", "mayonnaise", "burger_sauce"] };
const SCOOPS: Pick = Pick {
    name: "Two flavours",
    min: 2,
    max: 2,
    modifiers: &["scoop_vanilla", "scoop_chocolate", "scoop_pistachio", "scoop_strawberry"],
};
const MILK: Pick = Pick { name: "Milk", min: 1, max: 1, modifiers: &["whole_milk", "oat"] };

const fn item(sku: &'static str, name: &'static str, category: &'static str, price: i64) -> Item {
    Item { sku, name, category, price, modifiers: &[], choices: &[], effect: Add, recipe: &[] }
}

impl Item {
    const fn with(self, modifiers: &'static [&'static str]) -> Self {
        Self { modifiers, ..self }
    }

    const fn choosing(self, choices: &'static [Pick]) -> Self {
        Self { choices, ..self }
    }

    const fn that(self, effect: Effect) -> Self {
        Self { effect, ..self }
    }

    const fn of(self, recipe: &'static [(&'static str, i64)]) -> Self {
        Self { recipe, ..self }
    }
}

pub(super) const DISHES: &[Item] = &[
    item("margherita", "Margherita", "Pizza", 1050).with(ON_PIZZA).of(&[
        ("flour", 250),
        ("tomato_sauce", 90),
        ("mozzarella", 125),
        ("basil", 4),
    ]),
    item("marinara", "Marinara", "Pizza", 925).with(ON_PIZZA).of(&[
        ("flour", 250),
        ("tomato_sauce", 120),
        ("garlic", 10),
    ]),
    item("pepperoni", "Pepperoni", "Pizza", 1295).with(ON_PIZZA).of(&[
        ("flour", 250),
        ("tomato_sauce", 90),
        ("mozzarella", 125),
        ("pepperoni", 60),
    ]),
    item("diavola", "Diavola, nduja and chilli", "Pizza", 1350).with(ON_PIZZA).of(&[
        ("flour", 250),
        ("tomato_sauce", 90),
        ("mozzarella", 125),
        ("nduja", 50),
        ("jalapeno", 10),
    ]),
    item("funghi", "Funghi", "Pizza", 1225).with(ON_PIZZA).of(&[
        ("flour", 250),
        ("mozzarella", 125),
        ("mushroom", 90),
        ("garlic", 5),
    ]),
    item("quattro_formaggi", "Quattro formaggi", "Pizza", 1375).with(ON_PIZZA).of(&[
        ("flour", 250),
        ("mozzarella", 90),
        ("gorgonzola", 35),
        ("parmesan", 25),
        ("cheddar", 25),
    ]),
    item("prosciutto_rucola", "Prosciutto e rucola", "Pizza", 1450).with(ON_PIZZA).of(&[
        ("flour", 250),
        ("tomato_sauce", 90),
        ("mozzarella", 125),
        ("prosciutto", 50),
        ("rocket", 20),
    ]),
    item("burger", "Soho burger", "Burgers", 1250).choosing(&[SIDE, SAUCE]).with(ON_BURGER).of(&[
        ("brioche_bun", 1),
        ("beef_patty", 1),
        ("lettuce", 20),
        ("tomato", 40),
        ("onion", 15),
    ]),
    item("cheeseburger", "Cheeseburger", "Burgers", 1350).choosing(&[SIDE, SAUCE]).with(ON_BURGER).of(&[
        ("brioche_bun", 1),
        ("beef_patty", 1),
        ("cheddar", 30),
        ("lettuce", 20),
        ("onion", 15),
    ]),
    item("bacon_burger", "Smoked bacon burger", "Burgers", 1475).choosing(&[SIDE, SAUCE]).with(ON_BURGER).of(&[
        ("brioche_bun", 1),
        ("beef_patty", 1),
        ("bacon", 40),
        ("cheddar", 30),
        ("onion", 15),
    ]),
    item("chicken_burger", "Buttermilk chicken burger", "Burgers", 1325)
        .choosing(&[SIDE, SAUCE])
        .with(ON_BURGER)
        .of(&[("brioche_bun", 1), ("chicken", 160), ("flour", 30), ("cabbage", 40)]),
    item("halloumi_burger", "Halloumi and mushroom burger", "Burgers", 1250)
        .choosing(&[SIDE, SAUCE])
        .with(ON_MEATLESS)
        .of(&[("brioche_bun", 1), ("halloumi", 90), ("mushroom", 60), ("rocket", 10)]),
    item("caesar", "Caesar salad", "Salads", 1075).with(ON_SALAD).of(&[("lettuce", 150), ("parmesan", 25), ("egg", 1)]),
    item("greek_salad", "Greek salad", "Salads", 995).with(ON_SALAD).of(&[
        ("tomato", 120),
        ("cucumber", 80),
        ("feta", 80),
        ("olives", 40),
        ("onion", 20),
    ]),
    item("burrata_salad", "Burrata and tomato", "Salads", 1195).with(ON_SALAD).of(&[
        ("burrata", 1),
        ("tomato", 150),
        ("basil", 5),
    ]),
    item("green_salad", "Green salad", "Salads", 575).with(ON_SALAD).of(&[
        ("lettuce", 80),
        ("rocket", 20),
        ("cucumber", 40),
    ]),
    item("fries", "Skin-on fries", "Sides", 425).of(&[("potato", 250)]),
    item("cheese_fries", "Cheese and bacon fries", "Sides", 625).of(&[("potato", 250), ("cheddar", 40), ("bacon", 20)]),
    item("sweet_potato_fries", "Sweet potato fries", "Sides", 495).of(&[("sweet_potato", 250)]),
    item("onion_rings", "Beer-battered onion rings", "Sides", 475).of(&[("onion", 120), ("flour", 40)]),
    item("garlic_bread", "Garlic bread", "Sides", 525).of(&[("flour", 150), ("garlic", 10)]),
    item("slaw", "House slaw", "Sides", 375).of(&[("cabbage", 120), ("onion", 15)]),
    item("tiramisu", "Tiramisù", "Desserts", 695).of(&[("tiramisu", 1)]),
    item("cheesecake", "Baked cheesecake", "Desserts", 675).of(&[("cheesecake", 1)]),
    item("brownie", "Warm chocolate brownie", "Desserts", 650).of(&[("brownie", 1), ("gelato", 50)]),
    item("gelato", "Gelato, two scoops", "Desserts", 550).choosing(&[SCOOPS]).of(&[("gelato", 120)]),
    item("tap_water", "Tap water", "Drinks", 0),
    item("sparkling_water", "Sparkling water", "Drinks", 295).of(&[("sparkling_water", 1)]),
    item("cola", "Cola", "Drinks", 325).of(&[("cola", 1)]),
    item("lemonade", "Fresh lemonade", "Drinks", 375).of(&[("lemon", 1)]),
    item("pale_ale", "Soho pale ale", "Drinks", 595).of(&[("pale_ale", 1)]),
    item("red_wine", "Montepulciano, 175 ml", "Drinks", 725).of(&[("red_wine", 175)]),
    item("white_wine", "Soave, 175 ml", "Drinks", 725).of(&[("white_wine", 175)]),
    item("espresso", "Espresso", "Drinks", 275).with(&["extra_shot"]).of(&[("coffee", 9)]),
    item("flat_white", "Flat white", "Drinks", 365).choosing(&[MILK]).with(&["extra_shot"]).of(&[("coffee", 18)]),
];

pub(super) const MODIFIERS: &[Item] = &[
    item("extra_mozzarella", "Extra mozzarella", "Extras", 175).of(&[("mozzarella", 60)]),
    item("vegan_mozzarella", "Vegan mozzarella", "Extras", 150).that(Change).of(&[("vegan_cheese", 100)]),
    item("gluten_free_base", "Gluten-free base", "Extras", 200).that(Change).of(&[("gluten_free_flour", 230)]),
    item("add_burrata", "Burrata", "Extras", 350).of(&[("burrata", 1)]),
    item("extra_patty", "Extra patty", "Extras", 350).of(&[("beef_patty", 1)]),
    item("add_bacon", "Streaky bacon", "Extras", 195).of(&[("bacon", 40)]),
    item("add_egg", "Fried egg", "Extras", 150).of(&[("egg", 1)]),
    item("add_avocado", "Avocado", "Extras", 225).of(&[("avocado", 1)]),
    item("add_jalapenos", "Jalapeños", "Extras", 95).of(&[("jalapeno", 15)]),
    item("add_chicken", "Grilled chicken", "Extras", 325).of(&[("chicken", 120)]),
    item("add_halloumi", "Grilled halloumi", "Extras", 295).of(&[("halloumi", 70)]),
    item("no_onion", "No onion", "Extras", 0).that(Remove),
    item("side_fries", "Skin-on fries", "Sides", 0).of(&[("potato", 150)]),
    item("side_slaw", "House slaw", "Sides", 0).of(&[("cabbage", 100), ("onion", 10)]),
    item("side_salad", "Green salad", "Sides", 0).of(&[("lettuce", 60), ("rocket", 15), ("cucumber", 30)]),
    item("side_sweet_potato", "Sweet potato fries", "Sides", 100).of(&[("sweet_potato", 150)]),
    item("ketchup", "Tomato ketchup", "Extras", 0),
    item("mayonnaise", "Mayonnaise", "Extras", 50).of(&[("mayonnaise", 25)]),
    item("burger_sauce", "Burger sauce", "Extras", 50).of(&[("burger_sauce", 25)]),
    item("scoop_vanilla", "Vanilla", "Extras", 0),
    item("scoop_chocolate", "Dark chocolate", "Extras", 0),
    item("scoop_pistachio", "Pistachio", "Extras", 50).of(&[("pistachio", 15)]),
    item("scoop_strawberry", "Strawberry", "Extras", 0),
    item("whole_milk", "Whole milk", "Extras", 0).that(Change).of(&[("milk", 130)]),
    item("oat", "Oat milk", "Extras", 50).that(Change).of(&[("oat_milk", 130)]),
    item("extra_shot", "Extra shot", "Extras", 75).of(&[("coffee", 9)]),
];

/// The allergens of ingredients: an item contains those of its recipe.
pub(super) const ALLERGENS: &[(&str, &[&str])] = &[
    ("flour", &["gluten"]),
    ("mozzarella", &["milk"]),
    ("burrata", &["milk"]),
    ("gorgonzola", &["milk"]),
    ("parmesan", &["milk"]),
    ("cheddar", &["milk"]),
    ("halloumi", &["milk"]),
    ("feta", &["milk"]),
    ("brioche_bun", &["gluten", "eggs", "milk"]),
    ("egg", &["eggs"]),
    ("tiramisu", &["gluten", "eggs", "milk"]),
    ("cheesecake", &["gluten", "eggs", "milk"]),
    ("brownie", &["gluten", "eggs", "milk"]),
    ("gelato", &["milk"]),
    ("pistachio", &["nuts"]),
    ("mayonnaise", &["eggs", "mustard"]),
    ("burger_sauce", &["eggs", "mustard", "celery"]),
    ("pale_ale", &["gluten"]),
    ("red_wine", &["sulphites"]),
    ("white_wine", &["sulphites"]),
    ("milk", &["milk"]),
    ("oat_milk", &["gluten"]),
];
