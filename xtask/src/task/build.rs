//! `cargo xtask build` and `cargo xtask toolchain`.

use xtask::component::{
    self,
    toolchain::{self, Machine, Wish},
};

/// What to build.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Build the misbehaving test components of `tests/guests` instead
    #[arg(long)]
    guests: bool,
}

/// Prints the path of each component on a line of its own.
pub(crate) fn run(options: &Options) -> anyhow::Result<()> {
    let built = if options.guests {
        component::guests()?.into_values().collect()
    } else {
        vec![component::plugin()?]
    };
    for path in built {
        println!("{}", path.display());
    }
    Ok(())
}

/// Prints the choice; installs nothing.
pub(crate) fn toolchain() -> anyhow::Result<()> {
    let machine = Machine {
        install: false,
        ..Machine::here()
    };
    let wish = Wish::parse(std::env::var("PLUGIN_TOOLCHAIN").ok().as_deref())?;
    println!("{}", toolchain::select(&machine, wish)?);
    Ok(())
}
