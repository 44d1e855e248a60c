//! `plugin-host`: runs plugin components and serves what they bring. See `plugin-host --help`.

fn main() -> std::process::ExitCode {
    host_runtime::cli::run()
}
