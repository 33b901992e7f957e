"""What the generated sources share: a network's dataflow, its modules, their classes or functions, and Python text.

The languages are torch_source/, keras_source/ and flax_source/.
"""
