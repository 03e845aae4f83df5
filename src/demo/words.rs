//! What the demo menu says of its dishes and extras, and whom they suit.

use shared::contract::menu::Diet::{self, GlutenFree, Vegan, Vegetarian};

const MEATLESS: &[Diet] = &[Vegetarian];
const PLANTS: &[Diet] = &[Vegan];
const MEATLESS_NO_GLUTEN: &[Diet] = &[Vegetarian, GlutenFree];
const PLANTS_NO_GLUTEN: &[Diet] = &[Vegan, GlutenFree];
const ANY: &[Diet] = &[];

/// By sku: a sentence, if it takes one, and the diets.
pub(super) const WORDS: &[(&str, &str, &[Diet])] = &[
    ("margherita", "San Marzano tomato, fior di latte and basil. The one that everything is measured by.", MEATLESS),
    ("marinara", "San Marzano tomato, garlic and oregano. No cheese, and none missing.", PLANTS),
    ("pepperoni", "Tomato, fior di latte and pepperoni that crisps at the edges.", ANY),
    ("diavola", "Tomato, fior di latte, Calabrian nduja and green chilli. Hot.", ANY),
    ("funghi", "Fior di latte, roasted chestnut mushrooms and garlic. No tomato.", MEATLESS),
    ("quattro_formaggi", "Fior di latte, gorgonzola, parmesan and mature cheddar. No tomato.", ANY),
    ("prosciutto_rucola", "Tomato and fior di latte from the oven, prosciutto and rocket on top.", ANY),
    ("burger", "150 g of dry-aged beef, cos lettuce, tomato and red onion in a toasted brioche bun.", ANY),
    ("cheeseburger", "150 g of dry-aged beef, mature cheddar, cos lettuce and red onion.", ANY),
    ("bacon_burger", "150 g of dry-aged beef, smoked streaky bacon, mature cheddar and red onion.", ANY),
    ("chicken_burger", "Chicken thigh in buttermilk and a crisp crust, with white cabbage.", ANY),
    ("halloumi_burger", "Grilled halloumi, chestnut mushrooms and rocket in a toasted brioche bun.", MEATLESS),
    ("caesar", "Cos lettuce, parmesan and a soft-boiled egg.", &[GlutenFree]),
    ("greek_salad", "Tomato, cucumber, barrel-aged feta, Kalamata olives and red onion.", MEATLESS_NO_GLUTEN),
    ("burrata_salad", "A whole burrata, ripe tomatoes and basil.", MEATLESS_NO_GLUTEN),
    ("green_salad", "Cos lettuce, rocket and cucumber, with lemon and olive oil.", PLANTS_NO_GLUTEN),
    ("fries", "Maris Piper potatoes, fried twice in a fryer of their own.", PLANTS_NO_GLUTEN),
    ("cheese_fries", "With mature cheddar and smoked streaky bacon.", &[GlutenFree]),
    ("sweet_potato_fries", "With sea salt.", PLANTS_NO_GLUTEN),
    ("onion_rings", "Red onion in a batter of pale ale.", PLANTS),
    ("garlic_bread", "Pizza dough, garlic and olive oil.", PLANTS),
    ("slaw", "White cabbage and red onion in vinegar. No mayonnaise.", PLANTS_NO_GLUTEN),
    ("tiramisu", "Made this morning. When it is gone, it is gone.", MEATLESS),
    ("cheesecake", "Baked slowly, served cold.", MEATLESS),
    ("brownie", "Warm, with a scoop of vanilla gelato.", MEATLESS),
    ("gelato", "Two scoops of what you like best.", MEATLESS_NO_GLUTEN),
    ("tap_water", "A jug with ice.", PLANTS_NO_GLUTEN),
    ("sparkling_water", "", PLANTS_NO_GLUTEN),
    ("cola", "", PLANTS_NO_GLUTEN),
    ("lemonade", "Pressed to order.", PLANTS_NO_GLUTEN),
    ("pale_ale", "4.6 %, brewed around the corner.", PLANTS),
    ("red_wine", "Abruzzo. Dark cherries, soft.", &[GlutenFree]),
    ("white_wine", "Veneto. Almonds and white peach.", &[GlutenFree]),
    ("espresso", "", PLANTS_NO_GLUTEN),
    ("flat_white", "A double shot under silky milk.", MEATLESS),
    ("vegan_mozzarella", "", PLANTS),
    ("side_fries", "", PLANTS_NO_GLUTEN),
    ("side_sweet_potato", "", PLANTS_NO_GLUTEN),
    ("side_slaw", "", PLANTS_NO_GLUTEN),
    ("side_salad", "", PLANTS_NO_GLUTEN),
    ("no_onion", "", PLANTS_NO_GLUTEN),
    ("whole_milk", "", MEATLESS_NO_GLUTEN),
    ("oat", "", PLANTS),
    ("extra_shot", "", PLANTS_NO_GLUTEN),
];
