//! Which side of a join is kept in memory: the right one.
//!
//! Knows plans only. The engine keeps the left side and lets the right one flow past, unless it knows how many rows each has.
//! Here it rarely knows; and people write the large table first and join the small ones to it, as the engines want it that
//! they come from. So the rows of the first table also keep their order.

use std::sync::Arc;

use datafusion::common::JoinType;
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TransformedResult, TreeNode};
use datafusion::error::Result;
use datafusion::physical_optimizer::PhysicalOptimizerRule;
use datafusion::physical_optimizer::optimizer::PhysicalOptimizer;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::physical_plan::joins::{HashJoinExec, PartitionMode};
use datafusion::physical_plan::statistics::{StatisticsArgs, StatisticsContext};

/// The engine's own rules, with ours after the one that it decides by where it knows the number of rows.
pub(crate) fn rules() -> Vec<Arc<dyn PhysicalOptimizerRule + Send + Sync>> {
    let mut rules = PhysicalOptimizer::default().rules;
    let place = rules.iter().position(|rule| rule.name() == "join_selection").map_or(0, |place| place + 1);
    rules.insert(place, Arc::new(KeepRight));
    rules
}

/// Swaps the sides of joins whose numbers of rows are not known.
#[derive(Debug)]
struct KeepRight;

impl PhysicalOptimizerRule for KeepRight {
    fn optimize(&self, plan: Arc<dyn ExecutionPlan>, _config: &ConfigOptions) -> Result<Arc<dyn ExecutionPlan>> {
        plan.transform_up(|plan| match plan.downcast_ref::<HashJoinExec>() {
            Some(join) if is_to_be_swapped(join)? => {
                Ok(Transformed::yes(join.swap_inputs(PartitionMode::CollectLeft)?))
            }
            Some(_) | None => Ok(Transformed::no(plan)),
        })
        .data()
    }

    fn name(&self) -> &str {
        "keep_right"
    }

    fn schema_check(&self) -> bool {
        true
    }
}

fn is_to_be_swapped(join: &HashJoinExec) -> Result<bool> {
    let by_left = match join.join_type() {
        JoinType::Inner | JoinType::Left | JoinType::LeftSemi => true,
        // NOT IN minds NULLs, which works from one side alone.
        JoinType::LeftAnti => !join.null_aware,
        JoinType::Right
        | JoinType::Full
        | JoinType::RightSemi
        | JoinType::RightAnti
        | JoinType::LeftMark
        | JoinType::RightMark => false,
    };
    let is_known = |side: &Arc<dyn ExecutionPlan>| {
        let statistics = StatisticsContext::new().compute(side.as_ref(), &StatisticsArgs::new());
        statistics.map(|statistics| statistics.num_rows.get_value().is_some())
    };
    Ok(by_left && !(is_known(join.left())? && is_known(join.right())?))
}
