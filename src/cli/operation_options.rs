//! What operations can be told, as options of the command line: made from the one table of options.

use clap::{Arg, ArgAction, ArgMatches, Args, Command, Error, FromArgMatches};

use crate::operation::{Kind, OPERATIONS, Opt};

/// Options as they were written, in the order of the table.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OperationOptions(pub Vec<(Opt, String)>);

impl FromArgMatches for OperationOptions {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        let mut given = Vec::new();
        for opt in Opt::ALL {
            if opt.kind() == Kind::Flag {
                if matches.get_flag(opt.name()) {
                    given.push((opt, String::new()));
                }
            } else if let Some(values) = matches.get_many::<String>(opt.name()) {
                given.extend(values.map(|value| (opt, value.clone())));
            }
        }
        Ok(Self(given))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

impl Args for OperationOptions {
    fn augment_args(command: Command) -> Command {
        Opt::ALL.into_iter().fold(command.next_help_heading("What operations can be told"), |command, opt| {
            let arg = Arg::new(opt.name()).long(opt.name()).help(opt.help());
            command.arg(match opt.kind() {
                Kind::Flag => arg.action(ArgAction::SetTrue),
                Kind::Words => arg.value_name(opt.value_name()).action(ArgAction::Append),
                Kind::Number | Kind::Word => arg.value_name(opt.value_name()).action(ArgAction::Set),
            })
        })
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

/// Every operation with what it can be told, for the help.
pub(crate) fn table() -> String {
    let mut lines = vec!["Operations, and what each can be told:".to_owned()];
    for operation in OPERATIONS {
        let options: Vec<String> = operation.takes.iter().map(|opt| format!("--{}", opt.name())).collect();
        lines.push(format!("  {:<26} {}", operation.name, operation.summary));
        if !options.is_empty() {
            lines.push(format!("  {:<26} {}", "", options.join(" ")));
        }
    }
    lines.join("\n")
}
