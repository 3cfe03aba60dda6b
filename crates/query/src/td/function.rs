//! The `TD_` functions as the engine calls them.
//!
//! Knows the engine's interface and how each function is computed from its arguments: not who registers them.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, BooleanArray, Int64Array, StringArray};
use arrow::datatypes::{DataType, Field, FieldRef};
use datafusion::common::{DataFusionError, ScalarValue};
use datafusion::logical_expr::simplify::{ExprSimplifyResult, SimplifyContext};
use datafusion::logical_expr::{
    ColumnarValue, Expr, ReturnFieldArgs, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, TypeSignature,
    Volatility, cast, lit,
};
use jiff::tz::TimeZone;
use jiff::{Timestamp, Zoned};

use crate::td::interval::Interval;
use crate::td::mistake::Mistake;
use crate::td::pattern::Pattern;
use crate::td::read::{OnUnreadable, Options, Times};
use crate::td::signature::{Function, as_what};
use crate::td::{duration, moment, unit, zone};

/// Every function, for a query of this scheduled time (seconds since 1970).
pub(crate) fn functions(scheduled_time: i64) -> impl Iterator<Item = ScalarUDF> {
    Function::ALL.into_iter().map(move |function| ScalarUDF::new_from_impl(TdFunction::new(function, scheduled_time)))
}

/// A function within one query. Nothing about it changes while the query runs, so calls without columns are computed once.
#[derive(Debug, PartialEq, Eq, Hash)]
struct TdFunction {
    function: Function,
    scheduled_time: i64,
    signature: Signature,
}

impl TdFunction {
    fn new(function: Function, scheduled_time: i64) -> TdFunction {
        // Any number of anything: `Function::check` refuses in words that people understand.
        let any = TypeSignature::OneOf(vec![TypeSignature::Nullary, TypeSignature::VariadicAny]);
        TdFunction { function, scheduled_time, signature: Signature::new(any, Volatility::Immutable) }
    }
}

impl ScalarUDFImpl for TdFunction {
    fn name(&self) -> &str {
        self.function.key()
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _types: &[DataType]) -> Result<DataType, DataFusionError> {
        Ok(self.function.gives())
    }

    fn return_field_from_args(&self, args: ReturnFieldArgs<'_>) -> Result<FieldRef, DataFusionError> {
        self.function.check(args.arg_fields.iter().map(|field| field.data_type()))?;
        self.function.check_written(args.scalar_arguments.iter().copied())?;
        Ok(Arc::new(Field::new(self.name(), self.function.gives(), true)))
    }

    fn invoke_with_args(&self, args: ScalarFunctionArgs) -> Result<ColumnarValue, DataFusionError> {
        let is_scalar = |value: &ColumnarValue| matches!(value, ColumnarValue::Scalar(_));
        let arguments = ColumnarValue::values_to_arrays(&args.args)?;
        let result = self.compute(&arguments)?;
        if args.args.iter().all(is_scalar) {
            return Ok(ColumnarValue::Scalar(ScalarValue::try_from_array(&result, 0)?));
        }
        Ok(ColumnarValue::Array(result))
    }

    /// A range over a column of whole numbers becomes two comparisons, by which Parquet files skip what lies outside.
    fn simplify(&self, args: Vec<Expr>, info: &SimplifyContext) -> Result<ExprSimplifyResult, DataFusionError> {
        let Some((Expr::Column(column), rest)) = args.split_first() else {
            return Ok(ExprSimplifyResult::Original(args));
        };
        let column = Expr::Column(column.clone());
        let data_type = info.get_data_type(&column)?;
        let written = rest.iter().map(Expr::as_literal).collect::<Option<Vec<_>>>();
        let (Some(written), true) = (written, data_type.is_integer() && data_type != DataType::UInt64) else {
            return Ok(ExprSimplifyResult::Original(args));
        };
        self.function.check_written(std::iter::once(None).chain(written.iter().copied().map(Some)))?;
        let written = written.into_iter().map(|scalar| scalar.to_array()).collect::<Result<Vec<_>, _>>()?;
        let column = if data_type == DataType::Int64 { column } else { cast(column, DataType::Int64) };
        Ok(match self.bounds(&written)? {
            Some((Some(start), Some(end))) => {
                ExprSimplifyResult::Simplified(column.clone().gt_eq(lit(start)).and(column.lt(lit(end))))
            }
            Some((Some(start), None)) => ExprSimplifyResult::Simplified(column.gt_eq(lit(start))),
            Some((None, Some(end))) => ExprSimplifyResult::Simplified(column.lt(lit(end))),
            Some((None, None)) | None => ExprSimplifyResult::Original(args),
        })
    }
}

/// First second, and first second after; `None`: open.
type Bounds = (Option<i64>, Option<i64>);

impl TdFunction {
    fn compute(&self, arguments: &[ArrayRef]) -> Result<ArrayRef, DataFusionError> {
        match (self.function, arguments) {
            (Function::ScheduledTime, _) => Ok(Arc::new(Int64Array::from(vec![self.scheduled_time]))),
            (Function::TimeAdd, [time, duration, zone @ ..]) => self.add(time, duration, zone),
            (Function::TimeRange, [time, start, rest @ ..]) => {
                let range = self.range(start, rest)?;
                self.within(time, range)
            }
            (Function::Interval, [time, interval, zone @ ..]) => {
                let range = self.interval(interval, zone)?;
                self.within(time, range)
            }
            (Function::TimeFormat, [time, pattern, zone @ ..]) => self.format(time, pattern, zone),
            (Function::TimeParse, [text, zone @ ..]) => self.parse(text, zone),
            (Function::DateTrunc, [unit, time, zone @ ..]) => self.trunc(unit, time, zone),
            // The number of arguments was checked when the call was planned.
            (function, _) => Err(function.check([].iter()).err().map_or_else(stray, DataFusionError::from)),
        }
    }

    fn zones(&self, zone: &[ArrayRef]) -> Result<Options<TimeZone>, DataFusionError> {
        match zone.first() {
            Some(zone) => Options::new(self.function, zone, zone::parse),
            None => Ok(Options::left(self.function, TimeZone::UTC, zone::parse)),
        }
    }

    fn times(&self, time: &ArrayRef) -> Result<Times, DataFusionError> {
        Times::new(self.function, time, OnUnreadable::Null)
    }

    /// A bound that cannot be read must not pass for an open one: NULL would let every row through.
    fn bound(&self, time: &ArrayRef, name: &str) -> Result<Times, DataFusionError> {
        Times::new(self.function, time, OnUnreadable::Mistake(as_what(name)))
    }

    fn clock(&self, second: i64, zone: &TimeZone) -> Result<Zoned, Mistake> {
        let moment = Timestamp::from_second(second).map_err(|_| Mistake::beyond(self.function))?;
        Ok(moment.to_zoned(zone.clone()))
    }

    fn add(&self, time: &ArrayRef, duration: &ArrayRef, zone: &[ArrayRef]) -> Result<ArrayRef, DataFusionError> {
        let (times, mut zones) = (self.times(time)?, self.zones(zone)?);
        let mut durations = Options::new(self.function, duration, duration::parse)?;
        let at = |row| {
            let (Some(zone), Some(duration)) = (zones.at(row)?, durations.at(row)?) else { return Ok(None) };
            let Some(second) = times.at(row, zone)? else { return Ok(None) };
            second.checked_add(*duration).map(Some).ok_or_else(|| Mistake::beyond(self.function))
        };
        Ok(Arc::new((0..time.len()).map(at).collect::<Result<Int64Array, Mistake>>()?))
    }

    fn parse(&self, text: &ArrayRef, zone: &[ArrayRef]) -> Result<ArrayRef, DataFusionError> {
        let mut zones = self.zones(zone)?;
        // A text is its own option: NULL where it cannot be read.
        let mut texts = Options::new(self.function, text, |text| Ok(text.to_owned()))?;
        let at = |row| {
            let (Some(zone), Some(text)) = (zones.at(row)?, texts.at(row)?) else { return Ok(None) };
            Ok(moment::calendar(text, zone))
        };
        Ok(Arc::new((0..text.len()).map(at).collect::<Result<Int64Array, Mistake>>()?))
    }

    fn trunc(&self, unit: &ArrayRef, time: &ArrayRef, zone: &[ArrayRef]) -> Result<ArrayRef, DataFusionError> {
        let (times, mut zones) = (self.times(time)?, self.zones(zone)?);
        let mut units = Options::new(self.function, unit, unit::parse)?;
        let at = |row| {
            let (Some(zone), Some(unit)) = (zones.at(row)?, units.at(row)?) else { return Ok(None) };
            let Some(second) = times.at(row, zone)? else { return Ok(None) };
            let start = unit.floor(&self.clock(second, zone)?).ok_or_else(|| Mistake::beyond(self.function))?;
            Ok(Some(start.timestamp().as_second()))
        };
        Ok(Arc::new((0..time.len()).map(at).collect::<Result<Int64Array, Mistake>>()?))
    }

    fn format(&self, time: &ArrayRef, pattern: &ArrayRef, zone: &[ArrayRef]) -> Result<ArrayRef, DataFusionError> {
        let (times, mut zones) = (self.times(time)?, self.zones(zone)?);
        let mut patterns = Options::new(self.function, pattern, Pattern::parse)?;
        let at = |row| {
            let (Some(zone), Some(pattern)) = (zones.at(row)?, patterns.at(row)?) else { return Ok(None) };
            let Some(second) = times.at(row, zone)? else { return Ok(None) };
            Ok(Some(pattern.write(&self.clock(second, zone)?)))
        };
        Ok(Arc::new((0..time.len()).map(at).collect::<Result<StringArray, Mistake>>()?))
    }

    /// Whether each time lies within its row's bounds.
    fn within(&self, time: &ArrayRef, mut range: Range) -> Result<ArrayRef, DataFusionError> {
        let times = self.times(time)?;
        let at = |row| {
            let Some((zone, (start, end))) = range(row)? else { return Ok(None) };
            let Some(second) = times.at(row, &zone)? else { return Ok(None) };
            Ok(Some(start.is_none_or(|start| start <= second) && end.is_none_or(|end| second < end)))
        };
        Ok(Arc::new((0..time.len()).map(at).collect::<Result<BooleanArray, Mistake>>()?))
    }

    fn range(&self, start: &ArrayRef, rest: &[ArrayRef]) -> Result<Range, DataFusionError> {
        let start = self.bound(start, "start")?;
        let end = rest.first().map(|end| self.bound(end, "end")).transpose()?;
        let mut zones = self.zones(rest.get(1..).unwrap_or_default())?;
        Ok(Box::new(move |row| {
            let Some(zone) = zones.at(row)? else { return Ok(None) };
            let start = start.at(row, zone)?;
            let end = end.as_ref().map_or(Ok(None), |end| end.at(row, zone))?;
            Ok(Some((zone.clone(), (start, end))))
        }))
    }

    fn interval(&self, interval: &ArrayRef, zone: &[ArrayRef]) -> Result<Range, DataFusionError> {
        let mut intervals = Options::new(self.function, interval, Interval::parse)?;
        let mut zones = self.zones(zone)?;
        let (function, now) = (self.function, self.scheduled_time);
        // Nearly always the same in every row.
        let mut last: Option<(Interval, TimeZone, Bounds)> = None;
        Ok(Box::new(move |row| {
            let (Some(interval), Some(zone)) = (intervals.at(row)?, zones.at(row)?) else { return Ok(None) };
            let bounds = match &last {
                Some((known, place, bounds)) if known == interval && place == zone => *bounds,
                Some(_) | None => {
                    let (start, end) = interval.around(now, zone).ok_or_else(|| Mistake::beyond(function))?;
                    let bounds = (Some(start), Some(end));
                    last = Some((interval.clone(), zone.clone(), bounds));
                    bounds
                }
            };
            Ok(Some((zone.clone(), bounds)))
        }))
    }

    /// The bounds of a call whose arguments after the time are constants; `None` where it has none, or a NULL for a zone.
    fn bounds(&self, written: &[ArrayRef]) -> Result<Option<Bounds>, DataFusionError> {
        let mut range = match (self.function, written) {
            (Function::TimeRange, [start, rest @ ..]) => self.range(start, rest)?,
            (Function::Interval, [interval, zone @ ..]) => self.interval(interval, zone)?,
            (
                Function::ScheduledTime
                | Function::TimeAdd
                | Function::TimeFormat
                | Function::TimeParse
                | Function::DateTrunc,
                _,
            )
            | (Function::TimeRange | Function::Interval, []) => return Ok(None),
        };
        Ok(range(0)?.map(|(_, bounds)| bounds))
    }
}

/// The zone and the bounds of a row; `None`: NULL.
type Range = Box<dyn FnMut(usize) -> Result<Option<(TimeZone, Bounds)>, Mistake>>;

fn stray() -> DataFusionError {
    DataFusionError::Internal("a call without the arguments that were checked".into())
}
