enum RPCServerPlaceholder {}
import Hummingbird
