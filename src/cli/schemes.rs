//! `schemes`: the shipped schemes (市场方案), embedded in the binary.

use std::path::Path;

use crate::cli::args::{Schemes, SchemesWhat};
use crate::cli::context::Context;
use crate::cli::output::{Exit, Failure, json, table};

/// Names and texts of the shipped schemes.
pub const SHIPPED: &[(&str, &str)] = &[
    ("jushuitan-shipment-to-kingdee", include_str!("../../schemes/jushuitan-shipment-to-kingdee.yaml")),
    ("kingdee-changed-order-to-okki", include_str!("../../schemes/kingdee-changed-order-to-okki.yaml")),
    ("okki-companies", include_str!("../../schemes/okki-companies.yaml")),
    ("okki-departments", include_str!("../../schemes/okki-departments.yaml")),
    ("okki-products", include_str!("../../schemes/okki-products.yaml")),
    ("okki-users", include_str!("../../schemes/okki-users.yaml")),
];

pub fn run(context: &Context, verb: &Schemes) -> Result<Exit, Failure> {
    match &verb.what {
        SchemesWhat::List if context.json => {
            let list: Vec<_> =
                SHIPPED.iter().map(|(name, text)| serde_json::json!({ "name": name, "title": title(text) })).collect();
            json(&list)?;
        }
        SchemesWhat::List => {
            let mut shown = table(&["scheme", "title"]);
            for (name, text) in SHIPPED {
                shown.add_row(vec![*name, title(text)]);
            }
            println!("{shown}");
        }
        SchemesWhat::Copy { name } => copy(context, name)?,
    }
    Ok(Exit::Done)
}

fn title(text: &str) -> &str {
    text.lines().find_map(|line| line.strip_prefix("title:")).map_or("", str::trim)
}

/// Copies a scheme into the configuration's folder of schemes, or `./schemes` where there is no configuration yet.
fn copy(context: &Context, name: &str) -> Result<(), Failure> {
    let Some((_, text)) = SHIPPED.iter().find(|(shipped, _)| *shipped == name) else {
        let known: Vec<&str> = SHIPPED.iter().map(|(name, _)| *name).collect();
        return Err(Failure::Usage(format!("there is no shipped scheme `{name}`; known: {}", known.join(", "))));
    };
    let folder = if context.config.is_file() {
        context.read_configuration()?.schemes
    } else {
        Path::new("schemes").to_path_buf()
    };
    std::fs::create_dir_all(&folder)?;
    let file = folder.join(format!("{name}.yaml"));
    if file.exists() {
        return Err(Failure::failed(format!("`{}` exists; it is not overwritten", file.display())));
    }
    std::fs::write(&file, text)?;
    println!("{}", file.display());
    Ok(())
}
