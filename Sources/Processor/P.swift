enum ProcessorPlaceholder {}
import Crypto
