//! The recipes' scripts as the engine takes them: it runs them and does not know them.

use crate::engine::run::Pages;
use crate::fleet::Layout;
use crate::plan::Page;
use crate::recipe;

/// Scripts for the maintenance page.
pub(crate) fn pages(layout: &Layout) -> Pages {
    Pages {
        show: recipe::page::show(layout),
        off: recipe::page::set(layout, Page::Off),
        healthy: recipe::page::set(layout, Page::Healthy),
        unhealthy: recipe::page::set(layout, Page::Unhealthy),
    }
}

/// A script that prints the last lines of a web server's logs.
pub(crate) fn evidence(layout: &Layout) -> String {
    recipe::logs::of_web(layout)
}
