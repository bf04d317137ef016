//! The server without the product: one port for all protocols, its guards, and its way out.

mod guards;
mod leaving;
mod process;
mod protocols;
mod site;
mod support;
