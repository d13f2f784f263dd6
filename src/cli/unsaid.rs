//! What exports of log events leave out, as the command line says it.

use crate::replay::Unsaid;

/// Where log events come from that do not say it.
#[derive(Debug, clap::Args)]
pub(super) struct UnsaidArgs {
    /// The log group of log events that name none, as in exports of one group: /aws/lambda/pay.
    #[arg(long, value_name = "NAME", default_value = "", hide_default_value = true)]
    log_group: String,
    /// The account of log events that name none, as in what filter-log-events prints. Without it a function is not tied to
    /// the calls in CloudTrail that changed it.
    #[arg(long, value_name = "ID", default_value = "", hide_default_value = true)]
    account: String,
    /// The Region of log events that name none: eu-west-1. Where it is not known, functions of one name in several Regions
    /// are one; a function whose log names it in one file and not in another is two.
    #[arg(long, value_name = "NAME", default_value = "", hide_default_value = true)]
    region: String,
}

impl UnsaidArgs {
    pub(super) fn said(&self) -> Unsaid {
        let UnsaidArgs { log_group, account, region } = self;
        Unsaid { account: account.clone(), region: region.clone(), log_group: log_group.clone() }
    }
}
