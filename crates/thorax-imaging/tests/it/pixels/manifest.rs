//! Recipes as a bundle's manifest says them.

use serde::Deserialize;
use thorax_imaging::heat::Heat;
use thorax_imaging::recipe::{Field, Recipe, RecipeError, Step};
use thorax_imaging::{GrayImage, Pixels};

const GOOD: &str = r#"
[[recipe]]
step = "crop_border"
fraction = 0.06
[[recipe]]
step = "depth8"
[[recipe]]
step = "resize"
width = 224
height = 200
filter = "bilinear"
[[recipe]]
step = "clahe"
clip_limit = 2.0
tiles_x = 8
tiles_y = 8
[[recipe]]
step = "normalize"
mean = 0.5
std = 0.25
"#;

#[derive(Debug, Deserialize)]
struct Manifest {
    recipe: Recipe,
}

fn parse(text: &str) -> Result<Recipe, toml::de::Error> {
    toml::from_str::<Manifest>(text).map(|manifest| manifest.recipe)
}

#[test]
fn a_manifest_says_a_recipe() {
    let recipe = parse(GOOD).unwrap();
    assert_eq!(recipe.output_size(), (224, 200));
    assert_eq!(recipe.steps().len(), 5);
    assert_eq!(
        recipe.describe(),
        "crop_border 0.06 > depth8 > resize 224x200 bilinear > clahe 2 8x8 > normalize 0.5 0.25"
    );
}

#[test]
fn a_recipe_survives_being_written_and_read() {
    let recipe = parse(GOOD).unwrap();
    let written = serde_json::to_string(&recipe).unwrap();
    assert_eq!(serde_json::from_str::<Recipe>(&written).unwrap(), recipe);
}

#[test]
fn refuses_what_is_no_recipe() {
    let without = |step: &str| {
        let tables = GOOD.split("[[recipe]]").filter(|table| !table.contains(&format!("\"{step}\"")));
        tables.collect::<Vec<_>>().join("[[recipe]]")
    };
    let with = |from: &str, to: &str| GOOD.replace(from, to);
    for (text, reason) in [
        (without("resize"), "exactly one `resize` step, it holds 0"),
        (without("normalize"), "exactly one `normalize` step, it holds 0"),
        (without("depth8"), "`depth8` comes before `resize`"),
        (format!("{GOOD}\n[[recipe]]\nstep = \"depth8\""), "`normalize` comes last"),
        (format!("{GOOD}{GOOD}"), "exactly one `resize` step, it holds 2"),
        (with("0.06", "0.5"), "fraction = 0.5 is not"),
        (with("0.06", "nan"), "fraction"),
        (with("width = 224", "width = 0"), "width = 0 is not from 1 to 4096"),
        (with("width = 224", "width = 5000"), "width = 5000"),
        (with("tiles_y = 8", "tiles_y = 0"), "tiles_y = 0"),
        (with("clip_limit = 2.0", "clip_limit = inf"), "clip_limit"),
        (with("std = 0.25", "std = 0.0"), "std = 0"),
        (with("std = 0.25", "std = 0.25\nvar = 1.0"), "unknown field"),
        (with("\"depth8\"", "\"depth8\"\nbits = 8"), "unknown field"),
        (with("bilinear", "nearest"), "unknown variant"),
        (with("clip_limit = 2.0\n", ""), "missing field"),
        (with("\"clahe\"", "\"sharpen\""), "unknown variant"),
    ] {
        let refusal = parse(&text).unwrap_err().to_string();
        assert!(refusal.contains(reason), "{reason}: {refusal}");
    }
}

fn film(width: u32, height: u32) -> GrayImage {
    let samples = (0..width * height).map(|i| u16::try_from(i * 13 % 65_536).unwrap()).collect();
    GrayImage::new(width, height, Pixels::U16(samples)).unwrap()
}

#[test]
fn the_field_is_what_cropping_left_of_the_film() {
    let recipe = parse(GOOD).unwrap();
    assert_eq!(recipe.field((1000, 1500), None), Field { left: 60.0, top: 90.0, width: 880.0, height: 1320.0 });
    let steps = vec![
        Step::Depth8 {},
        Step::Resize { width: 100, height: 50, filter: thorax_imaging::resize::Filter::Bilinear },
        Step::CropBorder { fraction: 0.1 },
        Step::Normalize { mean: 0.0, std: 1.0 },
    ];
    let recipe = Recipe::try_from(steps).unwrap();
    assert_eq!(recipe.output_size(), (80, 40));
    assert_eq!(recipe.field((1000, 1000), None), Field { left: 100.0, top: 100.0, width: 800.0, height: 800.0 });
    let prepared = recipe.apply(&film(90, 80), None).unwrap();
    assert_eq!((prepared.width, prepared.height, prepared.tensor.len()), (80, 40, 3200));
}

#[test]
fn the_smallest_films_are_prepared_or_refused() {
    let recipe = parse(GOOD).unwrap();
    assert_eq!(recipe.apply(&film(1, 1), None).unwrap().tensor.len(), 224 * 200);
    let narrow = Recipe::try_from(
        recipe
            .steps()
            .iter()
            .cloned()
            .map(|step| match step {
                Step::CropBorder { .. } => Step::CropBorder { fraction: 0.49 },
                other => other,
            })
            .collect::<Vec<_>>(),
    )
    .unwrap();
    assert_eq!(narrow.apply(&film(2, 9), None), Err(RecipeError::TooSmall { width: 2, height: 9 }));
}

#[test]
fn lungs_are_cut_out_where_they_are_and_the_field_says_where() {
    let text = GOOD.replace("\"crop_border\"\nfraction = 0.06", "\"crop_lungs\"\nmargin = 0.0");
    let recipe = parse(&text).unwrap();
    assert!(recipe.needs_lungs() && recipe.cuts());
    let film = film(100, 50);
    assert_eq!(recipe.apply(&film, None), Err(RecipeError::NoLungMap));
    let right = Heat::new(2, 1, vec![0.0, 1.0]).unwrap();
    let field = Field { left: 51.0, top: 1.0, width: 49.0, height: 49.0 };
    assert_eq!(recipe.field((100, 50), Some(&right)), field);
    let cut = recipe.apply(&film, Some(&right)).unwrap();
    let nowhere = Heat::new(2, 1, vec![0.0, 0.5]).unwrap();
    assert_eq!(recipe.field((100, 50), Some(&nowhere)), Field::whole(100, 50));
    assert_ne!(recipe.apply(&film, Some(&nowhere)).unwrap().bytes, cut.bytes, "without lungs it stays whole");
    let border = "[[recipe]]\nstep = \"crop_border\"\nfraction = 0.1\n";
    assert!(
        parse(&text.replace("[[recipe]]\nstep = \"depth8\"", &format!("{border}[[recipe]]\nstep = \"depth8\"")))
            .is_ok()
    );
    let late = parse(&format!("{border}{text}")).unwrap_err().to_string();
    assert!(late.contains("`crop_lungs` comes once"), "{late}");
}
