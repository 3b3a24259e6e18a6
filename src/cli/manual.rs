//! Completions and the manual page, made from the grammar.

use std::io::Write;

use clap::CommandFactory;
use clap_complete::Shell;

use super::args::CommandLine;
use super::exit::{Exit, Stop};

/// Prints completions for a shell.
pub(crate) fn completions(shell: Shell, out: &mut dyn Write) -> Result<Exit, Stop> {
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut CommandLine::command(), "quarterdeck", &mut text);
    out.write_all(&text)?;
    out.flush()?;
    Ok(Exit::Done)
}

/// Prints the manual page: the program, then each of its commands.
pub(crate) fn man(out: &mut dyn Write) -> Result<Exit, Stop> {
    let mut command = CommandLine::command();
    command.build();
    let mut text = Vec::new();
    let page = clap_mangen::Man::new(command.clone());
    page.render_title(&mut text)?;
    page.render_name_section(&mut text)?;
    page.render_synopsis_section(&mut text)?;
    page.render_description_section(&mut text)?;
    page.render_options_section(&mut text)?;
    for sub in command.get_subcommands().filter(|c| !c.is_hide_set()) {
        subcommand(sub, &mut text)?;
    }
    page.render_extra_section(&mut text)?;
    page.render_version_section(&mut text)?;
    out.write_all(&text)?;
    out.flush()?;
    Ok(Exit::Done)
}

/// What a command is for and what it takes; the options of every command stand once, above.
fn subcommand(command: &clap::Command, text: &mut Vec<u8>) -> Result<(), Stop> {
    let name = command.get_name().to_uppercase();
    writeln!(text, ".SH \"COMMAND {name}\"")?;
    writeln!(text, "{}", command.get_about().map(ToString::to_string).unwrap_or_default())?;
    for arg in command.get_arguments().filter(|a| !a.is_global_set() && a.get_id() != "help") {
        let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
        let arg = arg.to_string().replace('-', "\\-");
        writeln!(text, ".TP\n\\fB{arg}\\fR\n{help}")?;
    }
    for sub in command.get_subcommands().filter(|c| c.get_name() != "help") {
        let about = sub.get_about().map(ToString::to_string).unwrap_or_default();
        writeln!(text, ".TP\n\\fB{}\\fR\n{about}", sub.get_name())?;
    }
    Ok(())
}
