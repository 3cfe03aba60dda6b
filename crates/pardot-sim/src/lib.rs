//! A local Pardot and Salesforce login with the same paths, refusals and limits.
