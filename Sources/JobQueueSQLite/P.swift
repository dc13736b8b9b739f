enum JobQueueSQLitePlaceholder {}
import GRDB
