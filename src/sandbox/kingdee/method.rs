//! Which call a path names.

use super::body::Args;

/// A login by one of the endpoints of AuthService.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Login {
    /// ValidateUser, ValidateUser2, ValidateUserByOrgNumber.
    Password,
    /// LoginByAppSecret.
    Secret,
    /// LoginBySign.
    Sign,
    /// LoginBySimplePassport.
    Passport,
}

/// Save and its kin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Saving {
    /// One bill.
    One,
    /// Many bills.
    Batch,
    /// One bill, unchecked, to Z.
    Draft,
}

/// A change of a bill's state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// Z, A, D to B.
    Submit,
    /// B to C.
    Audit,
    /// C to D.
    UnAudit,
    /// Z, A, D to nothing.
    Delete,
    /// B to A or D.
    CancelAssign,
    /// 作废.
    Cancel,
    /// 反作废.
    UnCancel,
}

/// A call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// A login.
    Login(Login),
    /// The end of a session.
    Logout,
    /// ExecuteBillQuery.
    Query,
    /// Save, BatchSave, Draft.
    Save(Saving),
    /// Submit, Audit, …; ExecuteOperation names Cancel and UnCancel.
    Operate(Operation),
    /// ExecuteOperation with an operation the simulator does not know.
    UnknownOperation,
}

impl Method {
    /// Every name that [`Method::call`] gives.
    pub const CALLS: [&'static str; 14] = [
        "login",
        "logout",
        "executeBillQuery",
        "save",
        "batchSave",
        "draft",
        "submit",
        "audit",
        "unAudit",
        "delete",
        "cancelAssign",
        "cancel",
        "unCancel",
        "executeOperation",
    ];

    /// The method of a path, `{base}/{Service}.{Method}.common.kdsvc`, whatever its case. ExecuteOperation names
    /// its operation in the arguments.
    pub fn of(path: &str, args: &Args) -> Option<Self> {
        let path = path.to_ascii_lowercase();
        let (service, method) = path
            .strip_prefix("/k3cloud/kingdee.bos.webapi.servicesstub.")?
            .strip_suffix(".common.kdsvc")?
            .split_once('.')?;
        match service {
            "authservice" => Self::of_auth(method),
            "dynamicformservice" => Self::of_form(method, args),
            _ => None,
        }
    }

    fn of_auth(method: &str) -> Option<Self> {
        Some(match method {
            "validateuser" | "validateuser2" | "validateuserbyorgnumber" => Self::Login(Login::Password),
            "loginbyappsecret" => Self::Login(Login::Secret),
            "loginbysign" => Self::Login(Login::Sign),
            "loginbysimplepassport" => Self::Login(Login::Passport),
            "logout" => Self::Logout,
            _ => return None,
        })
    }

    fn of_form(method: &str, args: &Args) -> Option<Self> {
        Some(match method {
            "executebillquery" => Self::Query,
            "save" => Self::Save(Saving::One),
            "batchsave" => Self::Save(Saving::Batch),
            "draft" => Self::Save(Saving::Draft),
            "submit" => Self::Operate(Operation::Submit),
            "audit" => Self::Operate(Operation::Audit),
            "unaudit" => Self::Operate(Operation::UnAudit),
            "delete" => Self::Operate(Operation::Delete),
            "cancelassign" => Self::Operate(Operation::CancelAssign),
            // The official SDK misspells it.
            "executeoperation" | "excuteoperation" => match args.text("opNumber", 1).to_ascii_lowercase().as_str() {
                "cancel" => Self::Operate(Operation::Cancel),
                "uncancel" => Self::Operate(Operation::UnCancel),
                _ => Self::UnknownOperation,
            },
            _ => return None,
        })
    }

    /// The call as faults and ledger name it.
    pub fn call(self) -> &'static str {
        match self {
            Self::Login(_) => "login",
            Self::Logout => "logout",
            Self::Query => "executeBillQuery",
            Self::Save(Saving::One) => "save",
            Self::Save(Saving::Batch) => "batchSave",
            Self::Save(Saving::Draft) => "draft",
            Self::Operate(Operation::Submit) => "submit",
            Self::Operate(Operation::Audit) => "audit",
            Self::Operate(Operation::UnAudit) => "unAudit",
            Self::Operate(Operation::Delete) => "delete",
            Self::Operate(Operation::CancelAssign) => "cancelAssign",
            Self::Operate(Operation::Cancel) => "cancel",
            Self::Operate(Operation::UnCancel) => "unCancel",
            Self::UnknownOperation => "executeOperation",
        }
    }

    /// Where `data` stands among positional arguments.
    pub fn data_position(self) -> usize {
        match self {
            Self::Query => 0,
            Self::Operate(Operation::Cancel | Operation::UnCancel) | Self::UnknownOperation => 2,
            Self::Login(_) | Self::Logout | Self::Save(_) | Self::Operate(_) => 1,
        }
    }
}
